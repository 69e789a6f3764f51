/** `import.meta.url` for bundles, which are CommonJS. */
import {pathToFileURL} from 'node:url';

// eslint-disable-next-line unicorn/prefer-module
export const fileUrl = /* @__PURE__ */ (() => pathToFileURL(__filename).href)();
