// supabase-js that keeps what it hears: prints "ready" once confirmed, and at each line of input what it holds,
// as {table: {id: version}}. argv: URL, key; run where its package is installed.
const { createRequire } = require('module');
const here = createRequire(process.cwd() + '/');
const { createClient } = here('@supabase/supabase-js');
const tables = ['jobs', 'job_results', 'directory_submissions', 'queue_history'];
const held = Object.fromEntries(tables.map((table) => [table, {}]));
const client = createClient(process.argv[2], process.argv[3], { realtime: { transport: here('ws') } });
let channel = client.channel('observer');
for (const table of tables)
  channel = channel.on('postgres_changes', { event: '*', schema: 'public', table }, (change) => {
    if (change.eventType === 'DELETE') delete held[table][change.old.id];
    else held[table][change.new.id] = change.new.version ?? 1;
  });
channel.on('system', {}, (said) => { if (said.status === 'ok') console.log('ready'); });
channel.subscribe();
process.stdin.on('data', () => console.log(JSON.stringify(held)));
process.stdin.on('end', () => process.exit(0));
