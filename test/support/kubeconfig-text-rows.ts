/** Kubeconfigs with unusual text. */
import {base64, config, execUser, type Ground, type KubeconfigRow, plugin, simple} from './kubeconfig-row.ts';
import {kubeconfigText} from './kubeconfig-text.ts';

/** Changes the plain kubeconfig. */
const changed = (name: string, change: (text: string, ground: Ground) => string | Buffer, refused?: 'refused'): KubeconfigRow => ({
	name,
	files: ground => ({config: change(config(ground), ground)}),
	...(refused && {refused: true as const}),
});

const user = (name: string, lines: string, refused?: 'refused'): KubeconfigRow =>
	simple(name, () => ({user: lines}), refused && {refused: true});
const cluster = (name: string, lines: (ground: Ground) => string, refused?: 'refused'): KubeconfigRow =>
	simple(name, ground => ({cluster: lines(ground)}), refused && {refused: true});
const printing = (name: string, output: string, refused?: 'refused'): KubeconfigRow =>
	simple(name, () => ({user: execUser('')}), {
		files: () => ({plugin: plugin('cat "$(dirname "$0")/answer"'), answer: output}),
		...(refused && {refused: true}),
	});

const asJson = ({url, caData}: Ground, token = 'json') =>
	kubeconfigText({server: url, cluster: {'certificate-authority-data': caData}, user: {token}});
const credential = (token: string, rest = '') =>
	`{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{"token":"${token}"}}${rest}`;
const latin1 = (text: string) => Buffer.from(text, 'latin1');
const bigEndian = (text: string) => Buffer.from(text, 'utf16le').swap16();

export const textRows: readonly KubeconfigRow[] = [
	// Encodings.
	changed('UTF-8 with a byte order mark', text => `\uFEFF${text}`),
	changed('UTF-16 with a byte order mark', text => Buffer.from(`\uFEFF${text}`, 'utf16le')),
	changed('UTF-16, big end first, with a byte order mark', text => bigEndian(`\uFEFF${text}`)),
	changed('UTF-16 without a byte order mark', text => Buffer.from(text, 'utf16le'), 'refused'),
	changed('JSON in UTF-16', (_, ground) => Buffer.from(`\uFEFF${asJson(ground)}`, 'utf16le')),
	changed('JSON with a byte order mark', (_, ground) => `\uFEFF${asJson(ground)}`),
	changed('a Latin-1 byte in a comment', text => latin1(`# caf\u00E9\n${text}`), 'refused'),
	changed('a Latin-1 byte in the token', text => latin1(text.replace('secret-token', 'caf\u00E9')), 'refused'),
	changed('a Latin-1 byte in a field that is not known', text => latin1(`${text}note: caf\u00E9\n`), 'refused'),
	changed('a Latin-1 byte in JSON', (_, ground) => latin1(asJson(ground, 'caf\u00E9')), 'refused'),
	changed('a NUL in a comment', text => `# a\0b\n${text}`, 'refused'),
	changed('a control character in a comment', text => `# a\u0001b\n${text}`, 'refused'),
	changed('a DEL in a comment', text => `# a\u007Fb\n${text}`, 'refused'),
	changed('a next-line character in a comment', text => `# a\u0085b\n${text}`, 'refused'),
	changed('an emoji in a comment', text => `# \u{1F600}\n${text}`),
	changed('an emoji in a name', text => text.replaceAll('ada', '"\u{1F600}"')),
	// Lines and documents.
	changed('lines that end in CRLF', text => text.replaceAll('\n', '\r\n')),
	changed('lines that end in CR', text => text.replaceAll('\n', '\r')),
	changed('two documents', text => `${text}---\n${text.replace('secret-token', 'second-token')}`),
	changed('a second document that is broken', text => `${text}---\na: [b\n`),
	changed('a second document behind an end mark', text => `${text}...\n---\na: b\n`),
	changed('text behind an end mark', text => `${text}...\na: b\n`),
	changed('an empty first document', text => `---\n---\n${text}`, 'refused'),
	changed('a document mark in front', text => `---\n${text}`),
	changed('a document mark with a comment', text => `--- # mine\n${text}`),
	changed('a YAML directive', text => `%YAML 1.1\n---\n${text}`),
	changed('a YAML directive of another version', text => `%YAML 1.2\n---\n${text}`, 'refused'),
	changed('two JSON documents', (_, ground) => `${asJson(ground)}\n${asJson(ground, 'second')}`),
	changed('an empty file', () => '', 'refused'),
	changed('only a comment', () => '# nothing\n', 'refused'),
	changed('only null', () => 'null\n', 'refused'),
	changed('only a string', () => 'hello\n', 'refused'),
	// JSON.
	changed('JSON with a raw line break in a string', (_, ground) => asJson(ground, 'a\u2424b').replace('\u2424', '\n')),
	changed('JSON with a comma behind the last entry', (_, ground) => asJson(ground).replace(/\}$/, ',}')),
	changed('JSON with a comment', (_, ground) => `${asJson(ground)}\n# a comment\n`),
	changed('JSON with one key twice', (_, ground) => asJson(ground).replace('"token":"json"', '"token":"one","token":"two"')),
	changed('JSON with an escaped emoji', (_, ground) => asJson(ground).replaceAll('ada', String.raw`\ud83d\ude00`), 'refused'),
	changed('JSON with text behind it', (_, ground) => `${asJson(ground)} x`),
	// Keys and values.
	user('a key in another case', 'token: secret-token\nAs: eve'),
	user('one key twice', 'token: one\ntoken: two'),
	user('a token in single quotes with an escape', "token: 'it''s'"),
	user('a token with an escape', String.raw`token: "\x41\u0042C"`),
	user('a token over two lines', 'token: one\n  two'),
	user('a token in a folded block', 'token: >-\n  one\n  two'),
	user('a token in a literal block', 'token: |-\n  one'),
	user('a token with a line break behind it', 'token: |\n  one', 'refused'),
	user('a token that is tagged a string', 'token: !!str 12345'),
	user('a token that is tagged binary', `token: !!binary ${base64('from-binary')}`),
	user('a token with an unknown tag', 'token: !mine abc'),
	user('a token that looks like a date', 'token: 2026-11-28'),
	user('a token that looks like a time', 'token: 12:30:45'),
	user('a token in octal', 'token: 0o17', 'refused'),
	user('a token of digits with an underscore', 'token: 1_000', 'refused'),
	user('a token that is a float', 'token: 1e3', 'refused'),
	user('a token that is infinity', 'token: .inf', 'refused'),
	user('an impersonated user that is ~', 'token: secret-token\nas: ~'),
	user('a token that is y', 'token: y', 'refused'),
	user('a token that is on', 'token: on', 'refused'),
	user('a token that is a list', 'token: [a]', 'refused'),
	user('a password that is true', 'username: ada\npassword: true', 'refused'),
	user('groups with null among them', 'token: t\nas: eve\nas-groups: [dev, null]'),
	user('groups that are a string', 'token: t\nas: eve\nas-groups: dev', 'refused'),
	// Null entries.
	changed('null among the clusters', text => text.replace('clusters:\n', 'clusters:\n- null\n')),
	changed('null among the users', text => text.replace('users:\n', 'users:\n- null\n')),
	changed('null among the contexts', text => text.replace('contexts:\n', 'contexts:\n- null\n')),
	changed('an empty entry among the users', text => text.replace('users:\n', 'users:\n-\n')),
	changed('two nulls among the users', text => text.replace('users:\n', 'users:\n- null\n- null\n'), 'refused'),
	changed('an entry without a name', text => text.replace('users:\n', 'users:\n- user: {token: x}\n')),
	changed('a string among the users', text => text.replace('users:\n', 'users:\n- hello\n'), 'refused'),
	changed('users that are a map', text => text.replace('users:\n', 'users: {}\nothers:\n'), 'refused'),
	changed('extensions that are null', text => `${text}extensions: null\npreferences: null\n`),
	user('a plugin whose lists are null', execUser('args: null\nenv: null'), 'refused'),
	// Bytes.
	cluster(
		'CA data over several lines',
		({caData}) =>
			`certificate-authority-data: |\n${caData
				.replaceAll(/.{64}/g, '$&\n')
				.split('\n')
				.map(line => `  ${line}`)
				.join('\n')}`,
	),
	cluster(
		'CA data with spaces inside',
		({caData}) => `certificate-authority-data: "${caData.slice(0, 40)} ${caData.slice(40)}"`,
		'refused',
	),
	cluster(
		'CA data without padding',
		({ca}) =>
			`certificate-authority-data: ${base64(`${ca.certificate}\n\n`.slice(0, ca.certificate.length - (ca.certificate.length % 3) + 1)).replaceAll('=', '')}`,
		'refused',
	),
	cluster(
		'CA data in the URL’s base64',
		({ca}) => `certificate-authority-data: ${Buffer.from(`\u00FF\u00FF\u00FE>>>???${ca.certificate}`).toString('base64url')}`,
		'refused',
	),
	cluster('CA data with text around it', ({ca}) => `certificate-authority-data: ${base64(`# mine\n${ca.certificate}\ntrailing\n`)}`),
	cluster('CA data with CRLF', ({ca}) => `certificate-authority-data: ${base64(ca.certificate.replaceAll('\n', '\r\n'))}`),
	cluster(
		'CA data of several certificates',
		({ca, otherCa}) => `certificate-authority-data: ${base64(`${otherCa.certificate}${ca.certificate}`)}`,
	),
	cluster(
		'CA data with a key in front',
		({ca, otherClient}) => `certificate-authority-data: ${base64(`${otherClient.key}\n${ca.certificate}`)}`,
	),
	cluster(
		'CA data with a PEM header',
		({ca}) => `certificate-authority-data: ${base64(ca.certificate.replace('-----\n', '-----\nComment: x\n\n'))}`,
		'refused',
	),
	cluster('CA data in DER', ({ca}) => `certificate-authority-data: ${ca.certificate.replaceAll(/-----[^-]+-----|\s/g, '')}`, 'refused'),
	cluster(
		'CA data as TRUSTED CERTIFICATE',
		({ca}) => `certificate-authority-data: ${base64(ca.certificate.replaceAll('CERTIFICATE', 'TRUSTED CERTIFICATE'))}`,
		'refused',
	),
	cluster('CA data cut in the middle', ({ca}) => `certificate-authority-data: ${base64(ca.certificate.slice(0, 200))}`, 'refused'),
	// Plugin output.
	printing('a plugin prints a raw line break in a string', credential('a\nb'), 'refused'),
	printing('a plugin prints a raw tab in a string', credential('a\tb'), 'refused'),
	printing('a plugin prints two documents', `${credential('one')}\n${credential('two')}`, 'refused'),
	printing('a plugin prints text behind it', credential('one', ' x'), 'refused'),
	printing('a plugin prints a byte order mark', `\uFEFF${credential('one')}`),
	printing('a plugin prints a comma behind the last entry', credential('one').replace(/\}$/, ',}'), 'refused'),
	printing('a plugin prints a comment in front', `# note\n${credential('one')}`),
	printing('a plugin prints a number as its token', credential('one').replace('"one"', '1'), 'refused'),
	printing('a plugin prints one key twice', credential('one').replace('"token"', '"token":"zero","token"')),
	printing(
		'a plugin prints YAML of two documents',
		'kind: ExecCredential\napiVersion: client.authentication.k8s.io/v1\nstatus:\n  token: one\n---\na: b\n',
	),
	printing('a plugin prints a key in another case', credential('one').replace('"token"', '"Token"'), 'refused'),
	printing('a plugin prints a list', '[]', 'refused'),
	printing('a plugin prints nothing', '', 'refused'),
	printing('a plugin prints a token with a line break behind it', credential(String.raw`one\n`), 'refused'),
	printing(
		'a plugin prints an expiry that is no time',
		credential('one').replace('"one"', '"one","expirationTimestamp":"soon"'),
		'refused',
	),
	printing(
		'a plugin prints an expiry with a fraction',
		credential('one').replace('"one"', '"one","expirationTimestamp":"2099-01-01T00:00:00.5Z"'),
	),
	printing(
		'a plugin prints an expiry without a zone',
		credential('one').replace('"one"', '"one","expirationTimestamp":"2099-01-01T00:00:00"'),
		'refused',
	),
	printing(
		'a plugin prints an expiry that is a date',
		credential('one').replace('"one"', '"one","expirationTimestamp":"2099-01-01"'),
		'refused',
	),
];
