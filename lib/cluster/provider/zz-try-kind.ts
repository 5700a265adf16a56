import { deleteKind, kindClusters, reuseKind, upKind } from './index.ts';

const [mode, name = 'prov-a', ...refs] = process.argv.slice(2);
const t0 = performance.now();
const log = (...x: unknown[]) => console.log(`${((performance.now() - t0) / 1000).toFixed(2)}`, ...x);
const abort = new AbortController();
process.on('SIGINT', () => abort.abort());
const base = {
  clusterName: name,
  kubeconfig: `/tmp/${name}.kubeconfig`,
  signal: abort.signal,
  child: (pid: number, what: string) => log('child', pid, what.slice(0, 100)),
  report: (l: string) => log('|', l),
};
try {
  if (mode === 'delete') {
    await deleteKind(name);
    log('deleted');
  } else if (mode === 'interrupt') {
    setTimeout(() => abort.abort(), Number(refs[0]));
    await upKind({ ...base, nodeImage: 'kindest/node:v1.33.13', keep: false, beforeCreate: (n) => log('before', n) });
  } else {
    const p =
      mode === 'up'
        ? await upKind({
            ...base,
            nodeImage: 'kindest/node:v1.33.13',
            keep: true,
            beforeCreate: (n) => log('before', n),
          })
        : await reuseKind(base);
    log('up', await p.cluster.version(), await kindClusters(base));
    await Promise.all([p.loadImages(refs).then((x) => log('images', x)), p.waitForDns().then(() => log('dns'))]);
    await p.down();
    log('down');
  }
} catch (e) {
  log(e);
}
