/** Loaded by `--require` before a built program: writes to the file of `SPOKE_TRACE` how many bytes its Buffers held at most, dead ones included. */
'use strict';
const fs = require('node:fs');

let most = 0;
setInterval(() => {
	most = Math.max(most, process.memoryUsage().arrayBuffers);
}, 5).unref();
process.on('exit', () => {
	fs.writeFileSync(process.env.SPOKE_TRACE, String(most));
});
