/**
 * Loaded by `--require` before a built program: writes to the file of `SPOKE_TRACE` what happened until its first byte on stdout.
 * CommonJS, since ES modules and types would load parts of Node that the program does not.
 */
'use strict';
const fs = require('node:fs');
const Module = require('node:module');
const vm = require('node:vm');

const builtInsBefore = new Set(process.moduleLoadList);
const buildFile = /\/build\/.*\.js$/;
const requestLine = /(?:^|\n)[A-Z]+ \S+ HTTP\/1\.1\r\n/g;

const trace = {stages: [], codeBytes: 0, connections: 0, requests: 0, roundTrips: 0, builtIns: []};
let last = {ms: 0, cpuMs: 0};
let stage = 'Node itself';

function now() {
	const {user, system} = process.cpuUsage();
	const [seconds, nanoseconds] = process.hrtime();
	return {ms: seconds * 1000 + nanoseconds / 1e6, cpuMs: (user + system) / 1000};
}

/** Adds the time since the last call to the current stage. */
function enter(next) {
	const at = now();
	let row = trace.stages.find(({name}) => name === stage);
	if (!row) {
		row = {name: stage, ms: 0, cpuMs: 0};
		trace.stages.push(row);
	}

	row.ms += at.ms - last.ms;
	row.cpuMs += at.cpuMs - last.cpuMs;
	last = at;
	stage = next;
}

/** Calls `work` within a stage of its own. */
function within(name, work) {
	const outer = stage;
	enter(name);
	try {
		return work();
	} finally {
		enter(outer);
	}
}

last.ms = now().ms - process.uptime() * 1000;
enter('spoke.js');

for (const [owner, name] of [
	[Module, '_load'],
	[process, 'getBuiltinModule'],
]) {
	const load = owner[name];
	owner[name] = function (id, ...rest) {
		const module = Module.isBuiltin(id) ? within('built-in modules', () => load.call(this, id, ...rest)) : load.call(this, id, ...rest);
		if (id === 'node:tls' && module.connect !== connect) {
			traceTls(module);
		}

		return module;
	};
}

const {readFileSync} = fs;
fs.readFileSync = function (path, ...rest) {
	const content = within('code read', () => readFileSync.call(this, path, ...rest));
	trace.codeBytes += buildFile.test(String(path)) ? content.length : 0;
	return content;
};

const {Script} = vm;
vm.Script = class extends Script {
	constructor(...parameters) {
		enter('code read');
		super(...parameters);
		enter('code evaluated');
	}

	runInThisContext(...parameters) {
		const run = super.runInThisContext(...parameters);
		return (...rest) => {
			run(...rest);
			enter(nextAfterCode.shift() ?? 'more code');
		};
	}
};
const nextAfterCode = ['command line and preferences', 'kubeconfig and CA'];

let connect;
function traceTls(tls) {
	const {createSecureContext, connect: original} = tls;
	tls.createSecureContext = (...parameters) => {
		const context = within('TLS context', () => createSecureContext(...parameters));
		return context;
	};

	connect = function (options, ...rest) {
		enter('TCP connection');
		trace.connections++;
		if (options.onread) {
			const {callback} = options.onread;
			options.onread.callback = function (...parameters) {
				received();
				return callback.apply(this, parameters);
			};
		}

		const socket = original(options, ...rest);
		socket.once('connect', () => enter('TLS handshake')).prependOnceListener('secureConnect', () => enter('verification and request'));
		if (!options.onread) {
			const {push} = socket;
			socket.push = function (...parameters) {
				received();
				return push.apply(this, parameters);
			};
		}

		for (const name of ['_write', '_writev']) {
			const write = socket[name];
			socket[name] = function (data, ...parameters) {
				sent(name === '_write' ? [data] : data.map(({chunk}) => chunk));
				return write.call(this, data, ...parameters);
			};
		}

		return socket;
	};
	tls.connect = connect;
}

let hasReceived = true;
function sent(chunks) {
	const requests =
		Buffer.concat(chunks.map(chunk => Buffer.from(chunk)))
			.toString('latin1')
			.match(requestLine)?.length ?? 0;
	if (requests === 0) {
		return;
	}

	trace.requests += requests;
	trace.roundTrips += hasReceived ? 1 : 0;
	hasReceived = false;
	enter(`wait for response ${trace.roundTrips}`);
}

function received() {
	if (!hasReceived) {
		hasReceived = true;
		enter(`after response ${trace.roundTrips}`);
	}
}

const stdout = Object.getOwnPropertyDescriptor(process, 'stdout');
Object.defineProperty(process, 'stdout', {
	...stdout,
	get() {
		const stream = stdout.get.call(process);
		Object.defineProperty(process, 'stdout', stdout);
		const {_write: write} = stream;
		stream._write = function (...parameters) {
			stream._write = write;
			enter('');
			trace.builtIns = process.moduleLoadList.filter(name => !builtInsBefore.has(name)).toSorted();
			fs.writeFileSync(process.env.SPOKE_TRACE, JSON.stringify(trace));
			return write.apply(this, parameters);
		};

		return stream;
	},
});
