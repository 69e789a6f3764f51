/** client-go's validation of the selected cluster and user. */
import {constants} from 'node:fs';
import {access} from 'node:fs/promises';
import {SpokeError} from '../../errors/spoke-error.ts';
import {fileErrorText} from '../file-error-text.ts';
import {parseProxyUrl} from '../transport/proxy-url.ts';
import type {SelectedEntries} from './select-entries.ts';
import type {ClusterEntry, UserEntry} from './kubeconfig-shape.ts';

/**
Reports all problems at once.
@see client-go tools/clientcmd/validation.go
@throws SpokeError ERR_KUBECONFIG_INVALID
*/
export async function validateEntries({cluster, clusterName, user, userName}: SelectedEntries): Promise<void> {
	const problems = [...(await userProblems(userName, user)), ...(await clusterProblems(clusterName, cluster))];
	if (problems.length > 0) {
		throw new SpokeError(
			'ERR_KUBECONFIG_INVALID',
			`invalid configuration: ${problems.length === 1 ? problems[0]! : `[${problems.join(', ')}]`}`,
		);
	}
}

async function clusterProblems(name: string, cluster: ClusterEntry): Promise<string[]> {
	const problems =
		cluster.server === '' ? [name === '' ? 'default cluster has no server defined' : `no server found for cluster "${name}"`] : [];

	if (cluster.proxyUrl !== '') {
		try {
			parseProxyUrl(cluster.proxyUrl);
		} catch (error) {
			problems.push(`invalid 'proxy-url' for cluster "${name}": ${(error as Error).message}`);
		}
	}

	if (cluster.certificateAuthority !== '' && cluster.certificateAuthorityData.length > 0) {
		problems.push(
			`certificate-authority-data and certificate-authority are both specified for ${name}. certificate-authority-data will override.`,
		);
	}

	problems.push(...(await unreadableFile(cluster.certificateAuthority, 'certificate-authority', name)));
	return problems;
}

async function userProblems(name: string, user: UserEntry): Promise<string[]> {
	const problems: string[] = [];
	if (user.clientCertificate !== '' || user.clientCertificateData.length > 0) {
		if (user.clientCertificate !== '' && user.clientCertificateData.length > 0) {
			problems.push(`client-cert-data and client-cert are both specified for ${name}. client-cert-data will override.`);
		}

		if (user.clientKey !== '' && user.clientKeyData.length > 0) {
			problems.push(`client-key-data and client-key are both specified for ${name}; client-key-data will override`);
		}

		if (user.clientKey === '' && user.clientKeyData.length === 0) {
			problems.push(`client-key-data or client-key must be specified for ${name} to use the clientCert authentication method.`);
		}

		problems.push(
			...(await unreadableFile(user.clientCertificate, 'client-cert', name)),
			...(await unreadableFile(user.clientKey, 'client-key', name)),
		);
	}

	problems.push(...execProblems(name, user));
	if (user.token !== '' && (user.username !== '' || user.password !== '')) {
		problems.push(`more than one authentication method found for ${name}; found [token basicAuth], only one is allowed`);
	}

	if (user.impersonate === '' && (user.impersonateUid !== '' || user.impersonateGroups.length > 0 || user.impersonateUserExtra.size > 0)) {
		problems.push(`requesting uid, groups or user-extra for ${name} without impersonating a user`);
	}

	return problems;
}

function execProblems(name: string, {exec, authProvider}: UserEntry): string[] {
	if (exec === null) {
		return [];
	}

	const problems = authProvider === null ? [] : [`authProvider cannot be provided in combination with an exec plugin for ${name}`];

	if (exec.command === '') {
		problems.push(`command must be specified for ${name} to use exec authentication plugin`);
	}

	if (exec.apiVersion === '') {
		problems.push(`apiVersion must be specified for ${name} to use exec authentication plugin`);
	}

	if (exec.env.some(variable => variable.name === '')) {
		problems.push(`env variable name must be specified for ${name} to use exec authentication plugin`);
	}

	if (exec.interactiveMode === '') {
		problems.push(`interactiveMode must be specified for ${name} to use exec authentication plugin`);
	} else if (!['Never', 'IfAvailable', 'Always'].includes(exec.interactiveMode)) {
		problems.push(`invalid interactiveMode for ${name}: "${exec.interactiveMode}"`);
	}

	return problems;
}

async function unreadableFile(path: string, fieldName: string, name: string): Promise<string[]> {
	if (path === '') {
		return [];
	}

	try {
		await access(path, constants.R_OK);
		return [];
	} catch (error) {
		return [
			`unable to read ${fieldName} ${path} for ${name} due to ${fileErrorText(Object.assign(error as NodeJS.ErrnoException, {path}))}`,
		];
	}
}
