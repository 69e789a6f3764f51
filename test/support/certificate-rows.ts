/** Server certificates that kubectl and spoke judge, and those that spoke judges differently from kubectl. */
import {readFileSync} from 'node:fs';
import {readFile} from 'node:fs/promises';
import {parse} from 'yaml';
import {authority, issue, type CertificateOptions, type Issued} from './certificates.ts';
import {madeCertificateRows} from './made-certificate-rows.ts';

type Served = Pick<Issued, 'certificate' | 'key'>;

type ServedCertificate = {
	leaf: Served;
	/** Sent after the leaf. */
	above?: readonly Served[];
	/** Becomes certificate-authority-data. */
	trusted: readonly Served[];
};

export type CertificateRow = {
	name: string;
	make: () => Promise<ServedCertificate>;
	/** Default 127.0.0.1. */
	host?: '127.0.0.1' | 'localhost' | '[::1]';
	/** Sets tls-server-name. */
	asked?: string;
	protocol?: 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3';
	/** Sets the server's Date header. */
	serverClock?: Date;
	/** kubectl refuses with this text, or accepts without it; so does spoke, if docs/dependencies.md lists no difference. */
	refused?: RegExp;
};

type WrittenOptions = Omit<CertificateOptions, 'notBefore' | 'notAfter'> & {notBefore?: number; notAfter?: number};

/** A row of certificate-rows.yaml: the whole leaf is `only`, or the usual one with `leaf` besides. */
type WrittenRow = Pick<CertificateRow, 'name' | 'host' | 'asked' | 'protocol'> & {
	only?: WrittenOptions;
	leaf?: WrittenOptions;
	ca?: WrittenOptions;
	intermediate?: WrittenOptions;
	/** Whether the intermediate is sent. */
	sent?: boolean;
	trust?: 'root' | 'intermediate';
	refused?: string;
};

const written = parse(readFileSync(new URL('../cluster/certificate-rows.yaml', import.meta.url), 'utf8')) as readonly WrittenRow[];
const here = {commonName: 'kube-apiserver', ip: ['127.0.0.1', '::1'], dns: ['localhost']} satisfies CertificateOptions;
const unknownAuthority = /x509: certificate signed by unknown authority/;

function optionsOf({notBefore, notAfter, ...options}: WrittenOptions): CertificateOptions {
	const inDays = (days: number) => new Date(Date.now() + days * 86_400_000);
	return {
		...options,
		...(notBefore !== undefined && {notBefore: inDays(notBefore)}),
		...(notAfter !== undefined && {notAfter: inDays(notAfter)}),
	};
}

function rowOf({only, leaf = {}, ca = {}, intermediate, sent = true, trust = 'root', refused, ...row}: WrittenRow): CertificateRow {
	return {
		...row,
		...(refused !== undefined && {refused: new RegExp(refused)}),
		async make() {
			const own = only ? optionsOf(only) : {...here, ...optionsOf(leaf)};
			const root = await authority('test-ca', optionsOf(ca));
			if (!intermediate) {
				return {leaf: await issue(own, root), trusted: [root]};
			}

			const middle = await issue({commonName: 'middle-ca', authority: true, usage: null, ...optionsOf(intermediate)}, root);
			return {leaf: await issue(own, middle), above: sent ? [middle] : [], trusted: [trust === 'root' ? root : middle]};
		},
	};
}

const byAnother = (name: string, otherName: string, options: CertificateOptions, refused?: RegExp): CertificateRow => ({
	name,
	async make() {
		const [root, other] = await Promise.all([authority('test-ca'), authority(otherName)]);
		return {leaf: await issue(options, root), trusted: refused ? [other] : [other, root]};
	},
	...(refused && {refused}),
});

const selfSigned = (name: string, options: CertificateOptions = {}): CertificateRow => ({
	name,
	async make() {
		const leaf = await issue({...here, ...options});
		return {leaf, trusted: [leaf]};
	},
});

/** Chains other than those of a CA and an intermediate. */
const oddChains: readonly CertificateRow[] = [
	byAnother('another CA', 'other-ca', here, unknownAuthority),
	byAnother('another CA of the same name', 'test-ca', here, unknownAuthority),
	byAnother('another CA, and another name', 'other-ca', {dns: ['x']}, /because it doesn't contain any IP SANs/),
	byAnother('two CAs are trusted, one signed', 'other-ca', here),
	selfSigned('self-signed, and trusted itself'),
	selfSigned('a self-signed authority, and trusted itself', {authority: true, keyUsage: ['keyCertSign', 'digitalSignature']}),
	{
		name: 'self-signed, and not trusted',
		make: async () => ({leaf: await issue(here), trusted: [await authority()]}),
		refused: unknownAuthority,
	},
	{
		name: 'a leaf is the only anchor',
		async make() {
			const leaf = await issue(here, await authority());
			return {leaf, trusted: [leaf]};
		},
	},
];

export const certificateRows: readonly CertificateRow[] = [...written.map(row => rowOf(row)), ...oddChains, ...madeCertificateRows];

type CertificateDifference = {name: string; kubectl: 'accepts' | 'refuses'; spoke: 'accepts' | 'refuses'; why: string};

/** The table in docs/dependencies.md. */
export async function readDifferences(): Promise<readonly CertificateDifference[]> {
	const text = await readFile(new URL('../../docs/dependencies.md', import.meta.url), 'utf8');
	return [...text.matchAll(/^\| ([^|]+) \| (accepts|refuses) \| (accepts|refuses) \| ([^|]+) \|$/gm)].flatMap(
		([, names, kubectl, spoke, why]) => names!.split('; ').map(name => ({name, kubectl, spoke, why}) as CertificateDifference),
	);
}
