import { claim, mesh } from '../lib/harness.ts';

claim(
  {
    id: 'lifecycle/stable',
    title: 'nothing of the mesh crashed during the run',
    spec: 'every guide: the mesh is up while it is used',
    features: [],
    last: true,
  },
  async () => {
    await mesh.isStable();
  },
);
