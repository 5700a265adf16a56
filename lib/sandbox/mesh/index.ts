export { MeshPlane } from './plane.ts';
