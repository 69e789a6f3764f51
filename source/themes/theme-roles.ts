/** The roles that a theme gives colors to. */

export const roleDescriptions = {
	'tls.verified': 'a leg that is verified, or where verification is enforced',
	'tls.unverified': 'an encrypted leg whose certificate is not checked',
	'tls.plain': 'a leg without TLS',
	'tls.unknown': 'a leg that is not known',
	'tls.refused': 'a leg that was refused',
	route: 'the route of a leg',
	'state.open': 'an open stream',
	'state.working': 'a stream that is being opened',
	'state.stopped': 'a stopped stream',
	'state.failed': 'a failed stream',
	'text.dim': 'secondary text',
	title: 'titles',
	rule: 'rules and frames',
	focus: 'the cursor and the focused pane',
	key: 'keys',
	mark: 'marked rows',
	'level.warn': 'warnings in logs',
	'level.error': 'errors in logs',
	'notice.warn': 'warnings of spoke',
	'notice.error': 'errors of spoke',
	danger: 'questions before something is ended',
	'json.key': 'keys of JSON',
	'json.string': 'strings of JSON',
	'json.number': 'numbers of JSON',
	gap: 'gaps in a log',
	sandbox: 'the sign of the sandbox',
	selection: 'the selected row',
	match: 'a match of a search',
	'match.current': 'the current match',
	'pod.1': 'the 1st pod of a tail',
	'pod.2': 'the 2nd pod',
	'pod.3': 'the 3rd pod',
	'pod.4': 'the 4th pod',
	'pod.5': 'the 5th pod',
	'pod.6': 'the 6th pod',
	'pod.7': 'the 7th pod',
	'pod.8': 'the 8th pod',
	gone: 'a deleted object',
} as const;

export type Role = keyof typeof roleDescriptions;

export const roles = Object.keys(roleDescriptions) as readonly Role[];

/** The text of a color; an empty one is the terminal's own color. */
export type Colors = Readonly<Record<Role, string>>;

export const shippedThemeNames = ['dark', 'light', 'ansi', 'mono'] as const;

export type ShippedThemeName = (typeof shippedThemeNames)[number];
