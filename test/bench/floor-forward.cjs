/**
 * Forwards ports over one tunnel with the least work: without backpressure, and without a check of what the server reports. A lost tunnel
 * ends the program.
 * `tunnel`: a socket on which the upgrade to `SPDY/3.1+portforward.k8s.io` over WebSocket was requested.
 */
'use strict';
const {createServer} = require('node:net');

exports.forwardPorts = (tunnel, ports) => {
	const messages = new MessageReader();
	const session = new Session(tunnel);
	let head = Buffer.alloc(0);
	let isOpen = false;
	tunnel.on('close', () => process.exit(1));
	tunnel.on('data', bytes => {
		if (isOpen) {
			session.receive(messages.read(bytes));
			return;
		}

		head = Buffer.concat([head, bytes]);
		const end = head.indexOf('\r\n\r\n');
		if (end < 0) {
			return;
		}

		isOpen = true;
		for (const port of ports) {
			const server = createServer({allowHalfOpen: true, noDelay: true}, socket => session.forward(socket, port));
			server.listen(0, '127.0.0.1', () => process.stdout.write(`Forwarding from 127.0.0.1:${server.address().port} -> ${port}\n`));
		}

		session.receive(messages.read(head.subarray(end + 4)));
	});
};

/** Payloads of WebSocket messages, which can have several frames. */
class MessageReader {
	#unread = Buffer.alloc(0);

	read(bytes) {
		this.#unread = this.#unread.length === 0 ? bytes : Buffer.concat([this.#unread, bytes]);
		const payloads = [];
		for (;;) {
			const unread = this.#unread;
			const small = unread.length < 2 ? 0 : unread[1] & 0x7f;
			const headLength = small < 126 ? 2 : small === 126 ? 4 : 10;
			if (unread.length < headLength) {
				return Buffer.concat(payloads);
			}

			const length = small < 126 ? small : small === 126 ? unread.readUInt16BE(2) : unread.readUInt32BE(6);
			if (unread.length < headLength + length) {
				return Buffer.concat(payloads);
			}

			// Control frames have opcodes from 8.
			if ((unread[0] & 0xf) < 8) {
				payloads.push(unread.subarray(headLength, headLength + length));
			}

			this.#unread = unread.subarray(headLength + length);
		}
	}
}

/** A binary message with the mask 0. */
function message(bytes) {
	const head = Buffer.alloc(bytes.length < 126 ? 6 : bytes.length < 65_536 ? 8 : 14);
	head[0] = 0x82;
	head[1] = 0x80 | (bytes.length < 126 ? bytes.length : bytes.length < 65_536 ? 126 : 127);
	if (head[1] === 0xfe) {
		head.writeUInt16BE(bytes.length, 2);
	} else if (head[1] === 0xff) {
		head.writeUInt32BE(bytes.length, 6);
	}

	return Buffer.concat([head, bytes]);
}

/** SPDY/3.1 without flow control. */
class Session {
	#tunnel;
	#sockets = new Map();
	#unread = Buffer.alloc(0);
	#unsent = [];
	#lastId = -1;
	#requests = 0;

	constructor(tunnel) {
		this.#tunnel = tunnel;
	}

	forward(socket, port) {
		const headers = {port, requestid: String(this.#requests++)};
		this.#open({...headers, streamtype: 'error'}, true);
		const id = this.#open({...headers, streamtype: 'data'}, false);
		this.#sockets.set(id, socket);
		socket.on('data', bytes => this.#send(dataFrame(id, bytes, false)));
		socket.on('end', () => this.#send(dataFrame(id, Buffer.alloc(0), true)));
	}

	receive(bytes) {
		let unread = this.#unread.length === 0 ? bytes : Buffer.concat([this.#unread, bytes]);
		while (unread.length >= 8) {
			const length = unread.readUInt32BE(4) & 0xff_ff_ff;
			if (unread.length < 8 + length) {
				break;
			}

			const id = unread.readUInt32BE(0);
			// The first bit of a control frame is set, so that it is no stream's id.
			const socket = this.#sockets.get(id);
			if (socket && length > 0) {
				socket.write(unread.subarray(8, 8 + length));
			}

			if (socket && unread[4] & 1) {
				this.#sockets.delete(id);
				socket.end();
			}

			unread = unread.subarray(8 + length);
		}

		this.#unread = unread;
	}

	#open(headers, isFin) {
		this.#lastId += 2;
		this.#send(synStream(this.#lastId, headers, isFin));
		return this.#lastId;
	}

	/** One message for the frames of one callback. */
	#send(frame) {
		if (this.#unsent.length === 0) {
			process.nextTick(() => {
				this.#tunnel.write(message(Buffer.concat(this.#unsent)));
				this.#unsent = [];
			});
		}

		this.#unsent.push(frame);
	}
}

function dataFrame(id, payload, isFin) {
	const head = Buffer.alloc(8);
	head.writeUInt32BE(id, 0);
	head.writeUInt32BE(payload.length, 4);
	head[4] = isFin ? 1 : 0;
	return Buffer.concat([head, payload]);
}

/** A stored zlib block, then an empty one. The zlib header precedes only the first header block. */
function synStream(id, headers, isFin) {
	const texts = Object.entries(headers).flat();
	const plain = Buffer.alloc(4 + texts.reduce((sum, text) => sum + 4 + text.length, 0));
	let at = plain.writeUInt32BE(texts.length / 2);
	for (const text of texts) {
		at = plain.writeUInt32BE(text.length, at);
		at += plain.write(text, at);
	}

	const stored = Buffer.alloc(5);
	stored.writeUInt16LE(plain.length, 1);
	stored.writeUInt16LE(~plain.length & 0xff_ff, 3);
	const zlibHeader = id === 1 ? [0x78, 0x01] : [];
	const block = Buffer.concat([Buffer.from(zlibHeader), stored, plain, Buffer.from([0, 0, 0, 0xff, 0xff])]);
	const head = Buffer.alloc(18);
	head.writeUInt32BE(0x80_03_00_01, 0);
	head.writeUInt32BE(10 + block.length, 4);
	head[4] = isFin ? 1 : 0;
	head.writeUInt32BE(id, 8);
	return Buffer.concat([head, block]);
}
