/** The CA bundle of a cluster. */
import type {ClusterEntry} from './kubeconfig-shape.ts';
import {readFileBounded} from './read-file-bounded.ts';

const maxBundleBytes = 8 * 1024 * 1024;

/** Empty if the cluster names none. */
export async function readCaBundle({certificateAuthority, certificateAuthorityData}: ClusterEntry): Promise<Buffer> {
	return certificateAuthorityData.length > 0 || certificateAuthority === ''
		? certificateAuthorityData
		: readFileBounded(certificateAuthority, maxBundleBytes);
}
