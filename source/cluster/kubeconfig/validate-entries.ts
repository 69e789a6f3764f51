/** Whether the chosen cluster and user fit together: client-go's own checks, in its words. */
import {constants} from 'node:fs';
import {access} from 'node:fs/promises';
import {SpokeError} from '../../errors/spoke-error.ts';
import {fileErrorText} from '../file-error-text.ts';
import {parseProxyUrl} from '../transport/proxy-url.ts';
import type {SelectedEntries} from './select-entries.ts';
import type {ClusterEntry, UserEntry} from './kubeconfig-shape.ts';

/**
Collects everything that is wrong, so that one run tells it all.
@see client-go tools/clientcmd/validation.go
@throws SpokeError ERR_KUBECONFIG_INVALID
*/
export async function validateEntries({cluster, clusterName, user, userName}: SelectedEntries): Promise<void> {
	const wrong = [...(await wrongWithUser(userName, user)), ...(await wrongWithCluster(clusterName, cluster))];
	if (wrong.length > 0) {
		throw new SpokeError('ERR_KUBECONFIG_INVALID', `invalid configuration: ${wrong.length === 1 ? wrong[0]! : `[${wrong.join(', ')}]`}`);
	}
}

async function wrongWithCluster(name: string, cluster: ClusterEntry): Promise<string[]> {
	const wrong =
		cluster.server === '' ? [name === '' ? 'default cluster has no server defined' : `no server found for cluster "${name}"`] : [];

	if (cluster.proxyUrl !== '') {
		try {
			parseProxyUrl(cluster.proxyUrl);
		} catch (error) {
			wrong.push(`invalid 'proxy-url' for cluster "${name}": ${(error as Error).message}`);
		}
	}

	if (cluster.certificateAuthority !== '' && cluster.certificateAuthorityData.length > 0) {
		wrong.push(
			`certificate-authority-data and certificate-authority are both specified for ${name}. certificate-authority-data will override.`,
		);
	}

	wrong.push(...(await unreadable(cluster.certificateAuthority, 'certificate-authority', name)));
	return wrong;
}

async function wrongWithUser(name: string, user: UserEntry): Promise<string[]> {
	const wrong: string[] = [];
	if (user.clientCertificate !== '' || user.clientCertificateData.length > 0) {
		if (user.clientCertificate !== '' && user.clientCertificateData.length > 0) {
			wrong.push(`client-cert-data and client-cert are both specified for ${name}. client-cert-data will override.`);
		}

		if (user.clientKey !== '' && user.clientKeyData.length > 0) {
			wrong.push(`client-key-data and client-key are both specified for ${name}; client-key-data will override`);
		}

		if (user.clientKey === '' && user.clientKeyData.length === 0) {
			wrong.push(`client-key-data or client-key must be specified for ${name} to use the clientCert authentication method.`);
		}

		wrong.push(
			...(await unreadable(user.clientCertificate, 'client-cert', name)),
			...(await unreadable(user.clientKey, 'client-key', name)),
		);
	}

	wrong.push(...wrongWithExec(name, user));
	if (user.token !== '' && (user.username !== '' || user.password !== '')) {
		wrong.push(`more than one authentication method found for ${name}; found [token basicAuth], only one is allowed`);
	}

	if (user.impersonate === '' && (user.impersonateUid !== '' || user.impersonateGroups.length > 0 || user.impersonateUserExtra.size > 0)) {
		wrong.push(`requesting uid, groups or user-extra for ${name} without impersonating a user`);
	}

	return wrong;
}

function wrongWithExec(name: string, {exec, authProvider}: UserEntry): string[] {
	if (exec === null) {
		return [];
	}

	const wrong = authProvider === null ? [] : [`authProvider cannot be provided in combination with an exec plugin for ${name}`];

	if (exec.command === '') {
		wrong.push(`command must be specified for ${name} to use exec authentication plugin`);
	}

	if (exec.apiVersion === '') {
		wrong.push(`apiVersion must be specified for ${name} to use exec authentication plugin`);
	}

	if (exec.env.some(variable => variable.name === '')) {
		wrong.push(`env variable name must be specified for ${name} to use exec authentication plugin`);
	}

	if (exec.interactiveMode === '') {
		wrong.push(`interactiveMode must be specified for ${name} to use exec authentication plugin`);
	} else if (!['Never', 'IfAvailable', 'Always'].includes(exec.interactiveMode)) {
		wrong.push(`invalid interactiveMode for ${name}: "${exec.interactiveMode}"`);
	}

	return wrong;
}

async function unreadable(path: string, what: string, name: string): Promise<string[]> {
	if (path === '') {
		return [];
	}

	try {
		await access(path, constants.R_OK);
		return [];
	} catch (error) {
		return [`unable to read ${what} ${path} for ${name} due to ${fileErrorText(Object.assign(error as NodeJS.ErrnoException, {path}))}`];
	}
}
