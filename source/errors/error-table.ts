/** Every error code: its exit status, the leg it is about, what it means and what to do. The table of docs/errors.md is rendered from this. */
import {exitStatus} from './exit-status.ts';

type ErrorRow = {
	exitStatus: number;
	leg: 0 | 1 | 2 | 3;
	/** One sentence for the documentation. */
	meaning: string;
	/** One line: what to do; `null` where only the text can tell. */
	remedy: string | null;
};

const rows = {
	ERR_USAGE: {
		exitStatus: exitStatus.usage,
		leg: 0,
		meaning: 'A flag, target or port was not understood.',
		remedy: 'run the command with --help',
	},
	ERR_NO_KUBECONFIG: {
		exitStatus: exitStatus.configuration,
		leg: 0,
		meaning: 'No kubeconfig was found and this is not a pod.',
		remedy: 'set KUBECONFIG, give --kubeconfig, or try `spoke demo`',
	},
	ERR_KUBECONFIG_INVALID: {
		exitStatus: exitStatus.configuration,
		leg: 0,
		meaning: 'A kubeconfig could not be read or does not fit together.',
		remedy: 'check it with `kubectl config view`',
	},
	ERR_CONTEXT_UNKNOWN: {
		exitStatus: exitStatus.configuration,
		leg: 0,
		meaning: 'The named context, cluster or user is not in the kubeconfig.',
		remedy: 'list them with `kubectl config get-contexts`',
	},
	ERR_CREDENTIALS: {
		exitStatus: exitStatus.credentials,
		leg: 1,
		meaning: 'The apiserver did not accept the user’s credentials (its 401).',
		remedy: 'log in again, or check the user of this context',
	},
	ERR_CREDENTIAL_PLUGIN: {
		exitStatus: exitStatus.credentials,
		leg: 0,
		meaning: 'The exec credential plugin hung, failed or printed something else than an ExecCredential.',
		remedy: 'run the plugin by hand; SPOKE_EXEC_TIMEOUT raises its limit of 60 s',
	},
	ERR_CLIENT_CERTIFICATE: {
		exitStatus: exitStatus.credentials,
		leg: 0,
		meaning: 'The client certificate or its key cannot be used.',
		remedy: 'check client-certificate and client-key of this user',
	},
	ERR_FORBIDDEN: {exitStatus: exitStatus.forbidden, leg: 1, meaning: 'The user lacks a right; verb and resource are named.', remedy: null},
	ERR_NOT_FOUND: {
		exitStatus: exitStatus.notFound,
		leg: 1,
		meaning: 'No such object, container or port, or no pod behind the target.',
		remedy: null,
	},
	ERR_APISERVER_UNREACHABLE: {
		exitStatus: exitStatus.unreachable,
		leg: 1,
		meaning: 'No connection to the apiserver could be made.',
		remedy: 'check the server address and the network',
	},
	ERR_APISERVER_TIMEOUT: {
		exitStatus: exitStatus.unreachable,
		leg: 1,
		meaning: 'The apiserver did not answer within our limit.',
		remedy: 'raise --request-timeout, or check the network',
	},
	ERR_APISERVER_TLS: {
		exitStatus: exitStatus.apiserverTls,
		leg: 1,
		meaning: 'The apiserver’s certificate was checked and not accepted.',
		remedy: null,
	},
	ERR_CERTIFICATE_UNUSABLE: {
		exitStatus: exitStatus.apiserverTls,
		leg: 1,
		meaning:
			'The apiserver, or a proxy to it, sent a certificate that cannot be used, verified or not: it cannot be parsed, or kubectl does not accept its kind of key either (secp256k1, brainpool, RSA below 1,024 bits).',
		remedy:
			'give the server, and every authority that it sends, a certificate with a P-256, P-384, P-521, Ed25519 or RSA key of 2,048 to 8,192 bits',
	},
	ERR_APISERVER_ANSWER: {
		exitStatus: exitStatus.other,
		leg: 1,
		meaning: 'The apiserver answered with an error that has no row of its own.',
		remedy: null,
	},
	ERR_SECOND_LEG: {
		exitStatus: exitStatus.secondLeg,
		leg: 2,
		meaning: 'The apiserver could not reach or verify the kubelet, node or pod.',
		remedy: 'run `spoke doctor` on the target',
	},
	ERR_UPGRADE_REFUSED: {
		exitStatus: exitStatus.other,
		leg: 1,
		meaning: 'The connection could not be upgraded to a stream by any carrier.',
		remedy: null,
	},
	ERR_COMMAND_NOT_STARTED: {
		exitStatus: exitStatus.other,
		leg: 3,
		meaning: 'The container runtime could not start the command.',
		remedy: 'check that the program is in the container’s image',
	},
	ERR_TARGET_GONE: {exitStatus: exitStatus.targetGone, leg: 3, meaning: 'The pod or container is gone or not running.', remedy: null},
	ERR_PORT_REFUSED: {
		exitStatus: exitStatus.targetGone,
		leg: 3,
		meaning: 'A connection to a port inside the pod was refused or failed; the forward itself goes on.',
		remedy: 'check that the pod listens on that port',
	},
	ERR_BACKEND_ANSWER: {
		exitStatus: exitStatus.other,
		leg: 3,
		meaning: 'What stands behind the proxy answered with a status of 400 or more; its body is on stdout.',
		remedy: 'give --no-fail to take any answer for a success',
	},
	ERR_STREAM_LOST: {
		exitStatus: exitStatus.streamLost,
		leg: 2,
		meaning: 'The stream was cut; the result is not known. Where it may be either leg, `legKnown` is false, and the message says so.',
		remedy: 'run `spoke doctor` on the target',
	},
	ERR_PROTOCOL: {
		exitStatus: exitStatus.streamLost,
		leg: 1,
		meaning:
			'The other side broke the protocol, or it is not an apiserver: a login page or a gateway answers instead. The stream was ended.',
		remedy: null,
	},
	ERR_REMOTE_EXIT: {
		exitStatus: exitStatus.other,
		leg: 3,
		meaning: 'The remote command ended with a status other than 0; it is our own.',
		remedy: null,
	},
	ERR_PORT_IN_USE: {
		exitStatus: exitStatus.local,
		leg: 0,
		meaning: 'A local port is taken or may not be used; port and family are named.',
		remedy: 'choose another local port, or :REMOTE for a free one',
	},
	ERR_LOCAL_LIMIT: {
		exitStatus: exitStatus.local,
		leg: 0,
		meaning: 'The limit on open files of this process (`ulimit -n`) was reached; the connection was closed.',
		remedy: 'raise it with `ulimit -n`',
	},
	ERR_LOCAL_FILE: {exitStatus: exitStatus.local, leg: 0, meaning: 'A local file, folder or socket cannot be used.', remedy: null},
	ERR_READ_ONLY: {
		exitStatus: exitStatus.usage,
		leg: 0,
		meaning: 'The action writes, listens or opens a shell, and --read-only is set.',
		remedy: 'run it without --read-only',
	},
	ERR_REQUIRE_NOT_MET: {exitStatus: exitStatus.requireNotMet, leg: 0, meaning: 'A `--require` is not met.', remedy: null},
	ERR_REQUIRE_UNDECIDED: {
		exitStatus: exitStatus.requireUndecided,
		leg: 0,
		meaning: 'A `--require` cannot be decided with the evidence at hand.',
		remedy: null,
	},
	ERR_OUTPUT_CLOSED: {exitStatus: exitStatus.brokenPipe, leg: 0, meaning: 'The reader of our output is gone (EPIPE).', remedy: null},
	ERR_NO_TERMINAL: {
		exitStatus: exitStatus.usage,
		leg: 0,
		meaning: 'The session needs a terminal.',
		remedy: 'use the one-shot commands in scripts',
	},
	ERR_KEYMAP: {
		exitStatus: exitStatus.usage,
		leg: 0,
		meaning: 'The keymap that was named cannot be read, or a keymap has an entry that cannot be used; file, line and column are named.',
		remedy: 'check it with `spoke keys --check`',
	},
	ERR_INTERNAL: {exitStatus: exitStatus.bug, leg: 0, meaning: 'A bug of ours.', remedy: 'please report it'},
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof rows;

export const errorTable: Readonly<Record<ErrorCode, ErrorRow>> = rows;
