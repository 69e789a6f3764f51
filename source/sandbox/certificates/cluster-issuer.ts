/** Cluster CA, with keys only in memory. */
import type {X509Certificate} from 'node:crypto';
import type {Issuer, KeyPair} from '../../certificates/issuer.ts';

export type ClusterIssuer = Issuer & {
	/** As a kubelet creates it: with a temporary CA and without an address (client-go util/cert GenerateSelfSignedCertKey). */
	selfSigned(host: string): Promise<KeyPair>;
};

const year = 365 * 86_400_000;

export async function createClusterIssuer(name: string): Promise<ClusterIssuer> {
	const {createAuthority, openIssuer} = await import('../../certificates/issuer.ts');
	const authorityOf = async (subject: string, years: number) =>
		openIssuer(await createAuthority({subject, notAfter: new Date(Date.now() + years * year)}));

	return {
		...(await authorityOf(`CN=${name}`, 10)),
		async selfSigned(host) {
			const createdAt = Math.floor(Date.now() / 1000);
			const ca = await authorityOf(`CN=${host}-ca@${createdAt}`, 1);
			return ca.issue({subject: `CN=${host}@${createdAt}`, use: 'server', names: [host]});
		},
	};
}

/** Parses the text, because Node's legacy certificate object crashes the process for a curve without a NIST name (Node 24.21). */
export function certificateIdentity({subject}: X509Certificate): {user: string; groups: string[]} {
	const values = (type: string) =>
		(subject ?? '')
			.split('\n')
			.filter(line => line.startsWith(`${type}=`))
			.map(line => line.slice(type.length + 1));
	return {user: values('CN').at(-1) ?? '', groups: values('O')};
}
