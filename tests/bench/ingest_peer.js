// supabase-js with a callback that only counts. argv: URL, number of changes; run where its package is installed.
const { createRequire } = require('module');
const require_here = createRequire(process.cwd() + '/');
const { createClient } = require_here('@supabase/supabase-js');
const url = process.argv[2], count = Number(process.argv[3]);
let seen = 0, last = null, began = 0n, cpu = null;
const take = (payload) => {
  if (seen === 0) { began = process.hrtime.bigint(); cpu = process.cpuUsage(); }
  seen += 1;
  last = payload.new;
  if (seen === count) {
    const seconds = Number(process.hrtime.bigint() - began) / 1e9, used = process.cpuUsage(cpu);
    console.log(JSON.stringify({
      per_second: count / seconds, cpu_us: (used.user + used.system) / count, count: seen, last: last.progress,
    }));
    process.exit(0);
  }
};
const client = createClient(url, 'key', { realtime: { transport: require_here('ws') } });
let channel = client.channel('feed');
for (const table of ['jobs', 'job_results', 'queue_history'])
  channel = channel.on('postgres_changes', { event: '*', schema: 'public', table }, take);
channel.subscribe();
setTimeout(() => { console.error(`only ${seen} of ${count} came`); process.exit(1); }, 120000).unref();
