import { namespacesWithSidecar, restoreLive, upExisting } from './index.ts';
const [kubeconfig, context, mode, runId = 'lr1', arg = ''] = process.argv.slice(2) as [string, string, string, string?, string?];
const t0 = performance.now();
const log = (...x: unknown[]) => console.log(`${((performance.now() - t0) / 1000).toFixed(2)}`, ...x);
const target = `/tmp/prov-${runId}.kubeconfig`;
const cm = { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'fxlive', name: 'conf' };
try {
  if (mode === 'restore') log(await restoreLive({ kubeconfig: target, context, runId }));
  else {
    const p = await upExisting({ kubeconfig, context, runId, target, allowMeshWideChanges: mode !== 'refuse', keep: false, signal: AbortSignal.timeout(60000), report: (l) => log('|', l), beforeCreate: (e) => log('before', e), leaseLost: (r) => log('LOST', r) });
    log('up');
    log(await namespacesWithSidecar(p.cluster, 'envoy'));
    const set = async (path: string[], v: string) => { await p.settings.noteChange(cm, path, v); await p.cluster.patch(cm, { data: { [path[1] ?? '']: v } }); };
    if (mode !== 'hold') {
    await Promise.all([p.settings.recordSetting(cm, ['data', 'a']), p.settings.recordSetting(cm, ['data', 'b'])]);
    await set(['data', 'a'], 'two'); await set(['data', 'b'], 'new'); await set(['data', 'a'], 'three');
    log('changed', (await p.cluster.get(cm))?.['data']);
    }
    if (mode === 'die') process.kill(process.pid, 'SIGKILL');
    if (mode === 'foreign') await p.cluster.patch(cm, { data: { a: 'somebody' } });
    if (mode === 'hold') await new Promise((r) => setTimeout(r, Number(arg)));
    await p.down();
    log('down');
  }
} catch (e) { log(String(e), e); }
