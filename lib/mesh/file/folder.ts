/** Where the drivers lie that come with the program. */
export const meshesFolder = new URL('../../../meshes/', import.meta.url);
