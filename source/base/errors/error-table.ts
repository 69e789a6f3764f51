/** The error codes; docs/errors.md is rendered from them. */
import {exitStatus} from './exit-status.ts';

type ErrorRow = {
	exitStatus: number;
	leg: 0 | 1 | 2 | 3;
	meaning: string;
	/** `null` if the remedy depends on the case. */
	remedy: string | null;
	/** Scripts must distinguish it, even where the other statuses are those of a command that spoke runs. */
	keepsStatus?: true;
};

const rows = {
	ERR_USAGE: {
		exitStatus: exitStatus.usage,
		leg: 0,
		meaning: 'A command, flag, target or port is missing or invalid, or conflicts with another.',
		remedy: 'run the command with --help',
	},
	ERR_NO_KUBECONFIG: {
		exitStatus: exitStatus.configuration,
		leg: 0,
		meaning: 'No kubeconfig was found and this is not a pod.',
		remedy: 'set KUBECONFIG, pass --kubeconfig, or try `spoke demo`',
	},
	ERR_KUBECONFIG_INVALID: {
		exitStatus: exitStatus.configuration,
		leg: 0,
		meaning: 'A kubeconfig could not be read or is inconsistent.',
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
		meaning: 'The apiserver itself rejected the user’s credentials (status 401).',
		remedy: 'log in again, or check the user of this context',
	},
	ERR_CREDENTIAL_PLUGIN: {
		exitStatus: exitStatus.credentials,
		leg: 0,
		meaning: 'The exec credential plugin timed out, failed, or did not print a valid ExecCredential.',
		remedy: 'run the plugin by hand; SPOKE_EXEC_TIMEOUT raises its timeout of 60 s',
	},
	ERR_CLIENT_CERTIFICATE: {
		exitStatus: exitStatus.credentials,
		leg: 0,
		meaning: 'The client certificate or its key cannot be used.',
		remedy: 'check client-certificate and client-key of this user',
	},
	ERR_FORBIDDEN: {
		exitStatus: exitStatus.forbidden,
		leg: 1,
		meaning: 'The user lacks a permission; the message names verb and resource.',
		remedy: null,
	},
	ERR_NOT_FOUND: {
		exitStatus: exitStatus.notFound,
		leg: 1,
		meaning: 'The object, container or port was not found, or the target has no pods.',
		remedy: null,
	},
	ERR_APISERVER_UNREACHABLE: {
		exitStatus: exitStatus.unreachable,
		leg: 1,
		meaning: 'No connection to the apiserver could be established.',
		remedy: 'check the server address and the network',
	},
	ERR_APISERVER_TIMEOUT: {
		exitStatus: exitStatus.unreachable,
		leg: 1,
		meaning: 'The apiserver did not respond before the request timeout.',
		remedy: 'raise --request-timeout, or check the network',
	},
	ERR_APISERVER_TLS: {
		exitStatus: exitStatus.apiserverTls,
		leg: 1,
		meaning: 'The apiserver’s certificate failed verification.',
		remedy: null,
	},
	ERR_CERTIFICATE_UNUSABLE: {
		exitStatus: exitStatus.apiserverTls,
		leg: 1,
		meaning:
			'The apiserver, or the proxy that the connection uses, sent a certificate that spoke cannot use, even without verification. The certificate cannot be parsed, or it has a key that kubectl does not accept either (secp256k1, brainpool, RSA below 1,024 bits).',
		remedy:
			'use a P-256, P-384, P-521, Ed25519 or RSA (2,048 to 8,192 bits) key for the server’s certificate and for each CA certificate that it sends',
	},
	ERR_APISERVER_ANSWER: {
		exitStatus: exitStatus.other,
		leg: 1,
		meaning: 'The apiserver returned an error that has no code of its own.',
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
		meaning: 'The connection could not be upgraded to a stream, neither over WebSocket nor over SPDY.',
		remedy: null,
	},
	ERR_COMMAND_NOT_STARTED: {
		exitStatus: exitStatus.other,
		leg: 3,
		meaning: 'The container runtime could not start the command.',
		remedy: 'check that the program is in the container’s image',
	},
	ERR_TARGET_GONE: {exitStatus: exitStatus.targetGone, leg: 3, meaning: 'The pod or container is gone or not running.', remedy: null},
	ERR_CONTAINER_RESTARTED: {
		exitStatus: exitStatus.targetGone,
		leg: 3,
		meaning: 'The container runs, but only for minutes since its last end. Only `doctor` reports it; each leg responds.',
		remedy: 'read the log of its previous instance: `spoke logs POD -c CONTAINER --previous`',
	},
	ERR_PORT_REFUSED: {
		exitStatus: exitStatus.targetGone,
		leg: 3,
		meaning: 'A connection to a port inside the pod was refused or failed; the forward itself continues.',
		remedy: 'check that the pod listens on that port',
	},
	ERR_BACKEND_ANSWER: {
		exitStatus: exitStatus.other,
		leg: 3,
		meaning: 'The backend responded with status 400 or higher; its body is on stdout.',
		remedy: 'pass --no-fail to exit 0 for any response',
	},
	ERR_NODE_LOGS: {
		exitStatus: exitStatus.other,
		leg: 3,
		meaning:
			'The kubelet does not serve this log of its node: such requests are disabled, or it refused the query or could not read the log.',
		remedy: null,
	},
	ERR_STREAM_LOST: {
		exitStatus: exitStatus.streamLost,
		leg: 2,
		meaning: 'The stream was lost and the result is unknown. If either leg can be the cause, `legKnown` is false and the message says so.',
		remedy: 'run `spoke doctor` on the target',
	},
	ERR_PROTOCOL: {
		exitStatus: exitStatus.streamLost,
		leg: 1,
		meaning:
			'The other side violated the protocol, or is not an apiserver but, for example, a login page or a gateway. The stream was ended.',
		remedy: null,
	},
	ERR_REMOTE_EXIT: {
		exitStatus: exitStatus.other,
		leg: 3,
		meaning: 'The remote command exited with a non-zero status. spoke exits with that status, not with 1, and prints no Error object.',
		remedy: null,
	},
	ERR_COPY_INCOMPLETE: {
		exitStatus: exitStatus.other,
		leg: 3,
		meaning:
			'Part of a copy is missing: an entry was skipped or failed, each on its own line, or the container cannot serve the copy. Files that were copied are whole.',
		remedy: null,
	},
	ERR_PORT_IN_USE: {
		exitStatus: exitStatus.local,
		leg: 0,
		meaning: 'A local port is in use or not permitted; the message names port and address family.',
		remedy: 'choose another local port, or :REMOTE for a free one',
	},
	ERR_FORWARD_UNKNOWN: {
		exitStatus: exitStatus.notFound,
		leg: 0,
		meaning: 'No detached forward has this name or local port.',
		remedy: 'list them with `spoke forwards list`',
	},
	ERR_DETACHED_FORWARD: {
		exitStatus: exitStatus.other,
		leg: 0,
		meaning: 'The process of a detached forward exited before the forward was ready, or did not exit within 10 s of being stopped.',
		remedy: null,
	},
	ERR_LOCAL_LIMIT: {
		exitStatus: exitStatus.local,
		leg: 0,
		meaning: 'The limit on open files of this process (`ulimit -n`) was reached; the connection was closed.',
		remedy: 'raise it with `ulimit -n`',
	},
	ERR_LOCAL_FILE: {exitStatus: exitStatus.local, leg: 0, meaning: 'A local file, directory or socket cannot be used.', remedy: null},
	ERR_OWN_FILE: {
		exitStatus: exitStatus.local,
		leg: 0,
		meaning: 'A file of spoke itself is missing, or belongs to another version than the running one.',
		remedy: 'start spoke again; if that fails too, install it again',
	},
	ERR_READ_ONLY: {
		exitStatus: exitStatus.usage,
		leg: 0,
		meaning: 'The action writes, listens or opens a shell, and --read-only is set.',
		remedy: 'run it without --read-only',
	},
	ERR_NOT_SERVED: {
		exitStatus: exitStatus.usage,
		leg: 0,
		meaning: 'A call of an MCP client names a context or namespace that `spoke mcp` was not started with.',
		remedy: 'start spoke mcp with --context and --namespace for what it is allowed to read',
	},
	ERR_REQUIRE_NOT_MET: {
		exitStatus: exitStatus.requireNotMet,
		leg: 0,
		meaning: 'A requirement (`--require`) is not met. A stream that needs it has sent nothing.',
		remedy: null,
		keepsStatus: true,
	},
	ERR_REQUIRE_UNDECIDED: {
		exitStatus: exitStatus.requireUndecided,
		leg: 0,
		meaning: 'A requirement (`--require`) cannot be decided with the available evidence. A stream that needs it has sent nothing.',
		remedy: null,
		keepsStatus: true,
	},
	ERR_LOCAL_COMMAND: {
		exitStatus: exitStatus.commandNotExecutable,
		leg: 0,
		meaning: 'The command that a forward was to serve could not be started; the exit status is 127 if it was not found.',
		remedy: 'check the program name after --, and that it is executable',
		keepsStatus: true,
	},
	ERR_OUTPUT_CLOSED: {
		exitStatus: exitStatus.brokenPipe,
		leg: 0,
		meaning: 'The reader of the output closed it (EPIPE).',
		remedy: null,
		keepsStatus: true,
	},
	ERR_NO_TERMINAL: {
		exitStatus: exitStatus.usage,
		leg: 0,
		meaning: 'The interactive session requires a terminal.',
		remedy: 'use the one-shot commands in scripts',
	},
	ERR_KEYMAP: {
		exitStatus: exitStatus.usage,
		leg: 0,
		meaning: 'The given keymap cannot be read, or a keymap has an invalid entry; the message names file, line and column.',
		remedy: 'check it with `spoke keys --check`',
	},
	ERR_POLICY: {
		exitStatus: exitStatus.configuration,
		leg: 0,
		meaning:
			'The policy (`~/.config/spoke/policy.yaml`) cannot be read, has an invalid entry, can be changed by others, or may be in a home directory that spoke cannot find. The session, `tail`, `logs`, `exec`, `attach`, `debug`, `cp`, `port-forward` and `proxy` open no stream, and `mcp` does not start.',
		remedy: 'check it with `spoke policy --check`',
	},
	ERR_THEME: {
		exitStatus: exitStatus.usage,
		leg: 0,
		meaning: 'The given theme is unknown or its file cannot be read.',
		remedy: 'check it with `spoke theme --check`',
	},
	ERR_INTERNAL: {
		exitStatus: exitStatus.bug,
		leg: 0,
		meaning: 'A bug in spoke.',
		remedy: 'report it, with the command and this message, as SECURITY.md says',
	},
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof rows;

export const errorTable: Readonly<Record<ErrorCode, ErrorRow>> = rows;
