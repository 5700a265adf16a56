import { describe, expect, test } from '@jest/globals';
import { fullName, parseNodeImages, platformOf, snapshotterIn } from './node-images.ts';

const TABLE = `REF TYPE DIGEST SIZE PLATFORMS LABELS
docker.io/curlimages/curl:8.17.0 application/x sha256:d1 9 MiB linux/amd64 io.cri-containerd.image=managed
docker.io/stale/image:1 application/x sha256:d2 9 MiB linux/amd64 -
sha256:i1 application/x sha256:d1 9 MiB linux/amd64 io.cri-containerd.image=managed
sha256:i2 application/x sha256:d2 9 MiB linux/amd64 -
`;

describe('a reference', () => {
  test.each([
    ['curlimages/curl:8.17.0', 'docker.io/curlimages/curl:8.17.0'],
    ['busybox', 'docker.io/library/busybox:latest'],
    ['docker.io/busybox', 'docker.io/library/busybox:latest'],
    ['index.docker.io/library/busybox:1', 'docker.io/library/busybox:1'],
    ['registry.example.org/a', 'registry.example.org/a:latest'],
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
  test('are offered to the kubelet once containerd has marked them', () => {
    expect(images.offers('curlimages/curl:8.17.0')).toBe(true);
    expect(images.offers('stale/image:1')).toBe(false);
    expect(images.knows('stale/image:1')).toBe(true);
  });
});

describe("containerd's configuration", () => {
  test.each([
    ['version 2', 'version = 2\n[plugins."io.containerd.grpc.v1.cri".containerd]\n  snapshotter = "zfs"\n', 'zfs'],
    [
      'version 3',
      "version = 3\n[plugins.'io.containerd.cri.v1.images']\n  snapshotter = 'fuse-overlayfs'\n",
      'fuse-overlayfs',
    ],
    ['without a snapshotter', 'version = 2\ndisabled_plugins = ["io.containerd.snapshotter.v1.zfs"]\n', undefined],
    ['that is none', 'bash: containerd: not found', undefined],
  ])('%s names the snapshotter', (_what, dump, snapshotter) => {
    expect(snapshotterIn(dump)).toBe(snapshotter);
  });
});

test.each([
  ['x86_64', 'linux/amd64'],
  ['aarch64', 'linux/arm64'],
  ['vax', undefined],
])('a machine %s runs images for %s', (machine, platform) => {
  expect(platformOf(machine)).toBe(platform);
});
