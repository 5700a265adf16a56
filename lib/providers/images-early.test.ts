import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { FakeTools } from '../processes/testing/fake-tools.ts';
import { earlyImages } from './images.ts';

let tools: FakeTools;
let reported: string[];
beforeEach(() => {
  tools = new FakeTools();
  tools.add('kind', KIND);
  reported = [];
});
afterEach(() => tools.remove());

/** Its only node takes images from the second time on that it is asked. */
const KIND = 'case "$*" in "get nodes"*) echo x-control-plane;; esac';
const ENGINE = `case "$*" in
  "inspect "*) echo "/x-control-plane running control-plane";;
  "exec x-control-plane ctr version") test -e "$HERE/up" || { touch "$HERE/up"; exit 1; };;
  "image inspect"*) echo 'sha256:i1 linux/amd64 mesh/a:1 ';;
  "exec x-control-plane ctr"*"images ls") echo REF; cat "$HERE/rows" 2> /dev/null;;
  "save "*) shift; echo "archive of $*";;
  "exec -i "*) cat > "$HERE/imported"
    echo "docker.io/mesh/a:1 x sha256:d1 - io.cri-containerd.image=managed" > "$HERE/rows";;
esac`;

function early(refs: string[], signal = new AbortController().signal) {
  return earlyImages('x', refs, { signal, child: () => undefined, report: (line) => reported.push(line) });
}

test('images are copied once nodes run and take them, and not before', async () => {
  tools.add('docker', ENGINE);
  const images = early(['mesh/a:1']);

  images.line(' • Preparing nodes 📦   ...');
  await images.over();
  expect(tools.calls).toEqual([]);

  images.line(' ✓ Preparing nodes 📦');
  images.line(' ✓ Preparing nodes 📦');
  await images.over();
  expect(tools.read('imported')).toBe('archive of mesh/a:1');
  expect(reported).toEqual(['images: loaded mesh/a:1; present none; left to pull none']);
});

test('a failure is reported, and fails nothing', async () => {
  tools.add('docker', ENGINE.replace('cat > "$HERE/imported"', 'echo "no space left on device" >&2; exit 1'));
  const images = early(['mesh/a:1']);

  images.line(' ✓ Preparing nodes 📦');
  await images.over();
  expect(reported.join()).toMatch(/^images were not copied early: cannot load mesh\/a:1 .*no space left on device/s);
});

test('stopped, nothing is copied any more', async () => {
  tools.add('docker', ENGINE.replace('cat > "$HERE/imported"', 'sleep 60'));
  const images = early(['mesh/a:1']);

  images.line(' ✓ Preparing nodes 📦');
  await images.stop();
  expect(reported.join()).toMatch(/^images were not copied early/);
});

test('without images nothing is asked', async () => {
  tools.add('docker', ENGINE);
  const images = early([]);
  images.line(' ✓ Preparing nodes 📦');
  await images.over();
  expect(tools.calls).toEqual([]);
});
