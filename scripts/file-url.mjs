/** Stands for `import.meta.url` in the files that are CommonJS when built; left out where nothing asks for it. */
import {pathToFileURL} from 'node:url';

// The file that this is built into is CommonJS.
// eslint-disable-next-line unicorn/prefer-module
export const fileUrl = pathToFileURL(__filename).href;
