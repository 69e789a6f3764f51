/**
 * Loaded by `--require` before a built program: writes to the file of `SPOKE_TRACE` how many bytes its Buffers held at most, dead ones
 * included, and which files V8 had compiled code for.
 */
'use strict';
const fs = require('node:fs');
const {basename} = require('node:path');
const vm = require('node:vm');

const trace = {heldBytes: 0, compiled: [], rejected: []};
setInterval(() => {
	trace.heldBytes = Math.max(trace.heldBytes, process.memoryUsage().arrayBuffers);
}, 5).unref();

const {Script} = vm;
vm.Script = class extends Script {
	constructor(code, options) {
		super(code, options);
		if (options.cachedData) {
			trace[this.cachedDataRejected ? 'rejected' : 'compiled'].push(basename(options.filename));
		}
	}
};
process.on('exit', () => {
	fs.writeFileSync(process.env.SPOKE_TRACE, JSON.stringify(trace));
});
