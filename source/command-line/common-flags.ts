/** Flags of several commands. */
import type {FlagSpec} from './flag-spec.ts';

export const onPodLossFlag = {
	name: 'on-pod-loss',
	kind: 'string',
	value: 'MODE',
	oneOf: ['move', 'exit'],
	help: 'move: continue with the next Ready pod of the service or workload (default); exit: exit with status 12, as for a named pod',
} as const satisfies FlagSpec;

export const helpFlag = {name: 'help', short: 'h', kind: 'boolean', help: 'show this help'} as const satisfies FlagSpec;

export const pathFlag = {
	name: 'path',
	kind: 'string',
	default: 'auto',
	bare: 'always',
	value: 'MODE',
	oneOf: ['auto', 'always', 'never', 'json'],
	help: 'print the path line on stderr: auto (on a terminal), always, never, or json',
} as const satisfies FlagSpec;

export const outputFlag = (help: string) =>
	({
		name: 'output',
		short: 'o',
		kind: 'string',
		default: 'text',
		value: 'FORMAT',
		oneOf: ['text', 'json'],
		help,
	}) as const satisfies FlagSpec;

/** stdout belongs to the remote command. */
export const errorOutputFlag = outputFlag(
	'json: if spoke itself fails, print an Error object as the last line of stderr; stdout has only the remote command’s output',
);

export const defaultContainer =
	'defaults to the container that the annotation kubectl.kubernetes.io/default-container names, or else the first';

export const containerFlag = (help = `container name; ${defaultContainer}`) =>
	({name: 'container', short: 'c', kind: 'string', value: 'NAME', completes: 'container', help}) as const satisfies FlagSpec;

export const levelFlag = {
	name: 'level',
	kind: 'string',
	value: 'LEVEL',
	oneOf: ['debug', 'info', 'warn', 'error', 'fatal'],
	help: 'only lines of this level and above; a line without a level has that of the line that it continues (written within 200 ms, as in a traceback), or else info',
} as const satisfies FlagSpec;

export const fieldFlag = (help: string) => ({name: 'field', kind: 'strings', value: 'FIELDS', help}) as const satisfies FlagSpec;

export const podRunningTimeoutFlag = (help = 'how long to wait for a pod of the target') =>
	({name: 'pod-running-timeout', kind: 'duration', positive: true, default: 60_000, value: 'DURATION', help}) as const satisfies FlagSpec;

export const readOnlyFlag = {
	name: 'read-only',
	kind: 'boolean',
	help: 'refuse exec, attach, debug, cp, forwards, the local API proxy, and proxy requests with a method other than GET or HEAD, over a WebSocket, or that run commands',
} as const satisfies FlagSpec;

/** Accepted by commands that only read, so that an alias with `--read-only` works. */
export const acceptedReadOnlyFlag = {...readOnlyFlag, hidden: true} as const satisfies FlagSpec;

export const keymapFlag = {
	name: 'keymap',
	kind: 'string',
	value: 'FILE',
	completes: 'file',
	suggests: ['default', 'vim', 'k9s'],
	help: 'keymap file to use instead of ~/.config/spoke/keymap.yaml, or a preset: default, vim or k9s',
} as const satisfies FlagSpec;

export const probeFlag = {
	name: 'probe',
	kind: 'string',
	default: 'passive',
	value: 'MODE',
	oneOf: ['passive', 'active'],
	help: 'active: also run the route test (docs/permissions.md), to prove the route',
} as const satisfies FlagSpec;

export const minBasisFlag = {
	name: 'min-basis',
	kind: 'string',
	default: 'proven',
	value: 'BASIS',
	oneOf: ['proven', 'inferred'],
	help: 'weakest basis that counts for --require; inferred also accepts inferred verdicts',
} as const satisfies FlagSpec;
