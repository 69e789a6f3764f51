/** All server certificates to judge, and those that spoke judges differently from kubectl. */
import {readFile} from 'node:fs/promises';
import {type CertificateRow, issuedCertificateRows} from './certificate-row.ts';
import {madeCertificateRows} from './made-certificate-rows.ts';

export const certificateRows: readonly CertificateRow[] = [...issuedCertificateRows, ...madeCertificateRows];

export type CertificateDifference = {name: string; kubectl: 'accepts' | 'refuses'; spoke: 'accepts' | 'refuses'; why: string};

/** The table in docs/dependencies.md. */
export async function readDifferences(): Promise<readonly CertificateDifference[]> {
	const text = await readFile(new URL('../../docs/dependencies.md', import.meta.url), 'utf8');
	return [...text.matchAll(/^\| ([^|]+) \| (accepts|refuses) \| (accepts|refuses) \| ([^|]+) \|$/gm)].flatMap(
		([, names, kubectl, spoke, why]) => names!.split('; ').map(name => ({name, kubectl, spoke, why}) as CertificateDifference),
	);
}
