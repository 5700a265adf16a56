import { claim, mesh } from '../lib/harness.ts';

claim(
  {
    id: 'lifecycle/stable',
    says: 'nothing of the mesh crashed during the run',
    source: 'every guide: the mesh is up while it is used',
    needs: [],
    last: true,
  },
  async () => {
    await mesh.isStable();
  },
);
