// The gateway as the stock client for JavaScript meets it. argv: URL, key, password, a job that has ended.
// One line of JSON with what each step gave; "listening" comes before it, once a change would be heard.
const { createRequire } = require('module');
const from_here = createRequire(process.cwd() + '/');
const { createClient } = from_here('@supabase/supabase-js');
const [url, key, password, job] = process.argv.slice(2);
const options = {
  auth: { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false },
  realtime: { transport: from_here('ws') },
};
const email = (name) => `${name}@directory-bolt.example`;
const brief = ({ data, error, status }) => ({ data, status, code: error ? error.code : null });

async function main() {
  const told = {};
  const anybody = createClient(url, key, options);
  told.anonymous = brief(await anybody.from('jobs').select('id'));
  const wrong = await anybody.auth.signInWithPassword({ email: email('operator'), password: 'wrong' });
  told.wrong_password = wrong.error.code;

  const operator = createClient(url, key, options);
  const session = (await operator.auth.signInWithPassword({ email: email('operator'), password })).data.session;
  told.role = session.user.app_metadata.role;
  told.rows = brief(await operator.from('jobs').select('id').eq('status', 'completed').order('id').limit(5));
  told.counted = (await operator.from('jobs').select('*', { count: 'exact', head: true })).count;
  told.written = brief(await operator.from('jobs').update({ status: 'failed' }).eq('id', job));
  const wish = { p_request_id: '11111111-1111-4111-8111-111111111111', p_target: job, p_reason: 'seen' };
  told.acknowledged = [brief(await operator.rpc('staff_acknowledge', wish)), brief(await operator.rpc('staff_acknowledge', wish))];
  const late = { p_request_id: '11111111-1111-4111-8111-111111111112', p_job: job, p_to: 'paused' };
  told.stale = brief(await operator.rpc('staff_set_job_status', late));

  const viewer = createClient(url, key, options);
  await viewer.auth.signInWithPassword({ email: email('viewer'), password });
  told.viewer = brief(await viewer.rpc('staff_acknowledge', { ...wish, p_request_id: late.p_request_id }));

  // A renewed token is confirmed anew, which a slow peer hears before it ends.
  const say = [() => console.log('"listening"')];
  const heard = new Promise((done) => {
    operator.channel('console')
      .on('postgres_changes', { event: '*', schema: 'public', table: 'queue_history' }, (change) => done(change.new.event))
      .on('system', {}, () => say.splice(0).forEach((once) => once()))
      .subscribe();
  });
  told.heard = await heard;
  told.renewed = (await operator.auth.refreshSession()).data.session.refresh_token !== session.refresh_token;
  const again = (await operator.auth.getSession()).data.session.access_token;
  told.signed_out = (await operator.auth.signOut()).error;
  const after = await fetch(`${url}/rest/v1/jobs`, { headers: { apikey: key, Authorization: `Bearer ${again}` } });
  told.after = { status: after.status, code: (await after.json()).code };
  console.log(JSON.stringify(told));
  process.exit(0);
}

main().catch((error) => { console.error(error); process.exit(1); });
