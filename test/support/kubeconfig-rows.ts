/** Kubeconfigs that kubectl and spoke must read alike: those of kubeconfig-rows.yaml, and those that a program has to make. */
import {readFileSync} from 'node:fs';
import {parse} from 'yaml';
import {kubeconfigText} from './kubeconfig-text.ts';
import type {RecordingServers, Seen} from './recording-servers.ts';

export type Ground = RecordingServers & {folder: string; caData: string};

export type KubeconfigRow = {
	name: string;
	/** Path → content. The kubeconfig is `config` unless `environment` or `flags` name another. */
	files: (ground: Ground) => Readonly<Record<string, string | Buffer>>;
	environment?: (ground: Ground) => Readonly<Record<string, string>>;
	flags?: (ground: Ground) => readonly string[];
	/** Both refuse with this text. */
	says?: RegExp;
	refused?: true;
};

/** `cluster`, `user` and `context` are lines of those entries; `more` follows the users. */
type Parts = {server?: string; cluster?: string; user?: string; context?: string; more?: string};

/** A row of the file. Text in angle brackets stands for what differs from run to run, as in kubectl's recorded verdicts. */
type WrittenRow = Parts & {
	name: string;
	/** Instead of the kubeconfig of the parts; `null` for no file. */
	config?: string | null;
	/** What stands once in the kubeconfig, and what takes its place. */
	replace?: Readonly<Record<string, string>>;
	files?: Readonly<Record<string, string>>;
	environment?: Readonly<Record<string, string>>;
	flags?: readonly string[];
	says?: string;
	refused?: true;
};

const written = parse(readFileSync(new URL('../cluster/kubeconfig-rows.yaml', import.meta.url), 'utf8')) as readonly WrittenRow[];

/** Of one context. */
function configOf({
	server = 'https://127.0.0.1:<https>',
	cluster = 'certificate-authority-data: <ca>',
	user = 'token: secret-token',
	context = '',
	more = '',
}: Parts): string {
	return `apiVersion: v1
kind: Config
current-context: main
contexts:
- name: main
  context:
    cluster: here
    user: ada
${indented(context)}clusters:
- name: here
  cluster:
    server: ${server}
${indented(cluster)}users:
- name: ada
  user:
${indented(user)}${more}`;
}

function indented(lines: string): string {
	return lines === '' ? '' : lines.replaceAll(/^/gm, '    ') + '\n';
}

function rowOf({name, config, replace = {}, files = {}, environment, flags, says, refused, ...parts}: WrittenRow): KubeconfigRow {
	const replaced = Object.entries(replace).reduce((text, [from, to]) => text.replace(from, to), config ?? configOf(parts));
	const all = config === null ? files : {config: replaced, ...files};
	return {
		name,
		files: ground => filled(all, ground),
		...(environment && {environment: ground => filled(environment, ground)}),
		...(flags && {flags: ground => flags.map(flag => filledText(flag, ground))}),
		...(says !== undefined && {says: new RegExp(says)}),
		...(refused && {refused}),
	};
}

function filled(texts: Readonly<Record<string, string>>, ground: Ground): Readonly<Record<string, string>> {
	return Object.fromEntries(Object.entries(texts).map(([key, text]) => [key, filledText(text, ground)]));
}

function filledText(text: string, {ports, folder, caData, ca, otherCa, client, otherClient}: Ground): string {
	const issued: Readonly<Record<string, {certificate: string; key: string}>> = {
		ca,
		'other-ca': otherCa,
		client,
		'other-client': otherClient,
	};
	return text.replaceAll(/<([a-z\d-]+)(?: (certificate|key)(?:, (base64|escaped))?)?>/g, (all, name: string, part, form) => {
		const pem = part && issued[name]?.[part as 'certificate' | 'key'];
		if (pem) {
			return form === 'base64' ? base64(pem) : form === 'escaped' ? JSON.stringify(pem).slice(1, -1) : pem;
		}

		return name === 'folder' ? folder : name === 'ca' ? caData : String(ports[name as Seen['at']] ?? all);
	});
}

function base64(text: string): string {
	return Buffer.from(text).toString('base64');
}

/** Changes the plain kubeconfig. */
const changed = (name: string, change: (text: string, ground: Ground) => string | Buffer, refused?: 'refused'): KubeconfigRow => ({
	name,
	files: ground => ({config: change(filledText(configOf({}), ground), ground)}),
	...(refused && {refused: true as const}),
});

/** `data` is the CA data of the kubeconfig. */
const withCaData = (name: string, data: (ground: Ground) => string, refused?: 'refused'): KubeconfigRow =>
	changed(name, (text, ground) => text.replace(ground.caData, data(ground)), refused);

const asJson = ({ports, caData}: Ground, token = 'json') =>
	kubeconfigText({server: `https://127.0.0.1:${ports.https}`, cluster: {'certificate-authority-data': caData}, user: {token}});
const latin1 = (text: string) => Buffer.from(text, 'latin1');
const bigEndian = (text: string) => Buffer.from(text, 'utf16le').swap16();

const madeRows: readonly KubeconfigRow[] = [
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
	// Bytes.
	withCaData('CA data over several lines', ({caData}) => `|\n${caData.replaceAll(/.{64}/g, '$&\n').replaceAll(/^/gm, '      ')}`),
	withCaData('CA data with spaces inside', ({caData}) => `"${caData.slice(0, 40)} ${caData.slice(40)}"`, 'refused'),
	withCaData(
		'CA data without padding',
		({ca}) => base64(`${ca.certificate}\n\n`.slice(0, ca.certificate.length - (ca.certificate.length % 3) + 1)).replaceAll('=', ''),
		'refused',
	),
	withCaData(
		'CA data in the URL’s base64',
		({ca}) => Buffer.from(`\u00FF\u00FF\u00FE>>>???${ca.certificate}`).toString('base64url'),
		'refused',
	),
	withCaData('CA data with text around it', ({ca}) => base64(`# mine\n${ca.certificate}\ntrailing\n`)),
	withCaData('CA data with CRLF', ({ca}) => base64(ca.certificate.replaceAll('\n', '\r\n'))),
	withCaData('CA data of several certificates', ({ca, otherCa}) => base64(`${otherCa.certificate}${ca.certificate}`)),
	withCaData('CA data with a key in front', ({ca, otherClient}) => base64(`${otherClient.key}\n${ca.certificate}`)),
	withCaData('CA data with a PEM header', ({ca}) => base64(ca.certificate.replace('-----\n', '-----\nComment: x\n\n')), 'refused'),
	withCaData('CA data in DER', ({ca}) => ca.certificate.replaceAll(/-----[^-]+-----|\s/g, ''), 'refused'),
	withCaData(
		'CA data as TRUSTED CERTIFICATE',
		({ca}) => base64(ca.certificate.replaceAll('CERTIFICATE', 'TRUSTED CERTIFICATE')),
		'refused',
	),
	withCaData('CA data cut in the middle', ({ca}) => base64(ca.certificate.slice(0, 200)), 'refused'),
];

export const kubeconfigRows: readonly KubeconfigRow[] = [...written.map(rowOf), ...madeRows];
