import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { fullName, loadImages, parseNodeImages } from './images.ts';
import { FakeTools } from './testing/fake-tools.ts';

const TABLE = `REF TYPE DIGEST SIZE PLATFORMS LABELS
docker.io/curlimages/curl:8.17.0 application/x sha256:d1 9 MiB linux/amd64 -
docker.io/stale/image:1 application/x sha256:d2 9 MiB linux/amd64 -
sha256:i1 application/x sha256:d1 9 MiB linux/amd64 -
sha256:i2 application/x sha256:d2 9 MiB linux/amd64 -
`;

describe('a reference', () => {
  test.each([
    ['curlimages/curl:8.17.0', 'docker.io/curlimages/curl:8.17.0'],
    ['busybox', 'docker.io/library/busybox:latest'],
    ['registry.example.org/a/b', 'registry.example.org/a/b:latest'],
    ['localhost/a:1', 'localhost/a:1'],
    ['registry:5000/a', 'registry:5000/a:latest'],
  ])('%s is %s to containerd', (ref, full) => {
    expect(fullName(ref)).toBe(full);
  });
});

describe("a node's images", () => {
  const images = parseNodeImages(TABLE);
  test('have an image when name and content are the same', () => {
    expect(images.has('curlimages/curl:8.17.0', 'sha256:i1')).toBe(true);
    expect(images.has('curlimages/curl:8.17.0', 'sha256:i2')).toBe(false);
    expect(images.has('curlimages/curl:8.17.1', 'sha256:i1')).toBe(false);
  });
  test('have it too where the engine uses the digest as id', () => {
    expect(images.has('curlimages/curl:8.17.0', 'sha256:d1')).toBe(true);
  });
});

describe('loading images', () => {
  let tools: FakeTools;
  beforeEach(() => {
    tools = new FakeTools();
  });
  afterEach(() => {
    tools.remove();
    delete process.env['KIND_EXPERIMENTAL_PROVIDER'];
  });

  const context = { signal: new AbortController().signal, child: () => undefined };
  /** Two nodes; the second has no images yet. An import keeps what comes in, by node. */
  const ENGINE = `case "$*" in
  "ps "*) printf 'one\\ntwo\\n';;
  "image inspect"*) echo 'sha256:i1 curlimages/curl:8.17.0 '; echo 'sha256:i9 stale/image:1 '; exit 1;;
  "exec one ctr"*"images ls") cat <<'END'
${TABLE}END
;;
  "exec two ctr"*"images ls") ;;
  "save "*) shift; echo "archive of $*";;
  "exec -i "*) cat > "$HERE/imported-$3";;
esac`;

  test('copies to each node what it lacks, in one stream, and leaves the rest to the cluster', async () => {
    tools.add('docker', ENGINE);
    const refs = ['curlimages/curl:8.17.0', 'stale/image:1', 'unknown/image:1', 'pinned/image@sha256:aa'];

    expect(await loadImages('x', refs, context)).toEqual({
      loaded: ['curlimages/curl:8.17.0', 'stale/image:1'],
      present: [],
      absent: ['unknown/image:1', 'pinned/image@sha256:aa'],
    });
    expect(tools.read('imported-one')).toBe('archive of stale/image:1');
    expect(tools.read('imported-two')).toBe('archive of curlimages/curl:8.17.0 stale/image:1');
  });

  test('goes through the engine that kind is told to use', async () => {
    process.env['KIND_EXPERIMENTAL_PROVIDER'] = 'podman';
    tools.add('podman', ENGINE);
    await loadImages('x', ['stale/image:1'], context);
    expect(tools.calls).toContain('podman save --multi-image-archive --format docker-archive stale/image:1');
  });

  test('that fails says which images, which node and why', async () => {
    tools.add('docker', ENGINE.replace('cat > "$HERE/imported-$3"', 'echo "no space left on device" >&2; exit 1'));
    await expect(loadImages('x', ['stale/image:1'], context)).rejects.toThrow(
      /cannot load stale\/image:1 into (one|two): exit 1\nno space left on device/,
    );
  });
});
