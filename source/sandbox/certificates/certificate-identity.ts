/** The Kubernetes user that a client certificate names. */
import type {X509Certificate} from 'node:crypto';

/** Parses the subject text: Node's legacy certificate object crashes the process for a curve without a NIST name (Node 24.21). */
export function certificateIdentity({subject}: X509Certificate): {user: string; groups: string[]} {
	const values = (type: string) =>
		(subject ?? '')
			.split('\n')
			.filter(line => line.startsWith(`${type}=`))
			.map(line => line.slice(type.length + 1));
	return {user: values('CN').at(-1) ?? '', groups: values('O')};
}
