/** All server certificates to judge. */
import {type CertificateRow, issuedCertificateRows} from './certificate-row.ts';
import {madeCertificateRows} from './made-certificate-rows.ts';

export const certificateRows: readonly CertificateRow[] = [...issuedCertificateRows, ...madeCertificateRows];
