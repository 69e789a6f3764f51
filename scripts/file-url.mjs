/** `import.meta.url` for bundles, which are CommonJS. */
import {pathToFileURL} from 'node:url';

export const fileUrl = /* @__PURE__ */ (() => pathToFileURL(__filename).href)();
