/** Credentials of a kubeconfig user. */
import {readFile} from 'node:fs/promises';
import {SpokeError} from '../../base/errors/spoke-error.ts';
import {fileErrorText} from '../kubeconfig/read-file-bounded.ts';
import type {ClusterEntry, UserEntry, AuthProviderEntry, ExecEntry} from '../kubeconfig/kubeconfig-shape.ts';
import {type ClientCertificate, validateCertificatePair} from '../tls/trust.ts';
import {basicAuthorization} from '../transport/connect-through-proxy.ts';
import type {ServerAddress} from '../transport/server-url.ts';
import {anonymousCredentials, type Credentials, fixedCredentials, headerValue, type ClientIdentity} from './request-headers.ts';
import {type PluginTerminal, AwaitedHandles, runPlugin, type PluginTimeouts} from './run-plugin.ts';
import {clampTimerMs, rejectOnAbort} from '../../base/async/clock.ts';
import {parseSecondsOrDuration} from '../../base/command-line/parse-command-line.ts';
import type {PlainValue} from '../kubeconfig/parse-yaml.ts';
import {parsePluginOutput} from '../kubeconfig/parse-document.ts';

export type CredentialContext = {
	cluster: ClusterEntry;
	server: ServerAddress;
	environment: NodeJS.ProcessEnv;
	terminal?: PluginTerminal | undefined;
};

const removed: ReadonlyMap<string, string> = new Map([
	['gcp', 'The gcp auth plugin has been removed. Please use the "gke-gcloud-auth-plugin" kubectl/client-go credential plugin instead.'],
	[
		'azure',
		'The azure auth plugin has been removed. Please use the https://github.com/Azure/kubelogin kubectl/client-go credential plugin instead.',
	],
]);

const versions: readonly string[] = ['client.authentication.k8s.io/v1', 'client.authentication.k8s.io/v1beta1'];

/** SPOKE_EXEC_TIMEOUT overrides both; 0 means no limit. */
const defaultTimeouts: PluginTimeouts = {nonInteractiveMs: 60_000, interactiveMs: 600_000};

type Issued = {identity: ClientIdentity; expires: number};

const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:\d\d)$/;

/**
A plugin runs only without token, basic login and client certificate. Over http:// nothing is sent, as in kubectl.
@see client-go transport/round_trippers.go, plugin/pkg/client/auth/exec/exec.go
@throws SpokeError ERR_KUBECONFIG_INVALID, ERR_CLIENT_CERTIFICATE
*/
export async function userCredentials(user: UserEntry, context: CredentialContext): Promise<Credentials> {
	const own = await configuredCredentials(user, context);
	const {login} = context.server;
	// As in Go, credentials in the URL override all others, also over http://.
	return login === null
		? own
		: {
				...own,
				kind: own.kind === 'certificate' || own.kind === 'exec' ? own.kind : 'basic',
				current: async signal => ({...(await own.current(signal)), authorization: basicAuthorization(login)}),
			};
}

async function configuredCredentials(user: UserEntry, context: CredentialContext): Promise<Credentials> {
	if (context.server.scheme === 'http') {
		return anonymousCredentials;
	}

	const hasToken = user.token !== '' || user.tokenFile !== '';
	const hasBasic = user.username !== '' || user.password !== '';
	if (hasToken && hasBasic) {
		throw new SpokeError('ERR_KUBECONFIG_INVALID', 'username/password or bearer token may be set, but not both');
	}

	const hasCertificate = user.clientCertificate !== '' || user.clientCertificateData.length > 0;
	if (!hasToken && !hasBasic && !hasCertificate) {
		return pluginCredentials(user, context);
	}

	const token = hasToken ? tokenSource(user.token, user.tokenFile) : null;
	const certificate = hasCertificate ? certificateSource(user) : null;
	if (!token && !certificate) {
		return fixedCredentials('basic', {authorization: basicAuthorization(user), certificate: null});
	}

	const current = async () => ({
		authorization: token ? headerValue('Authorization', `Bearer ${await token()}`) : hasBasic ? basicAuthorization(user) : null,
		certificate: certificate && (await certificate()),
	});
	await current();
	return {kind: certificate ? 'certificate' : 'token', current, renewAfter401: async () => false};
}

async function pluginCredentials(user: UserEntry, context: CredentialContext): Promise<Credentials> {
	if (user.exec) {
		return execPlugin(user.exec, context);
	}

	if (user.authProvider) {
		return authProvider(user.authProvider);
	}

	return anonymousCredentials;
}

/**
client-go rereads after a minute less 10 s (transport/token_source.go), and not for a 401: bearerAuthRoundTripper
(transport/round_trippers.go) never resets its source.
*/
const tokenRereadMs = 50_000;

/**
If the file becomes unreadable, the last good token is used.
@throws SpokeError ERR_KUBECONFIG_INVALID if no token was ever read
*/
export function tokenSource(token: string, file: string, now: () => number = Date.now): () => Promise<string> {
	let last = token;
	let readAt = -Infinity;
	return async () => {
		if (file === '' || now() - readAt < tokenRereadMs) {
			return last;
		}

		try {
			const newToken = (await readFile(file, 'utf8')).trim();
			if (newToken === '') {
				throw new Error(`read empty token from file "${file}"`);
			}

			last = newToken;
			readAt = now();
		} catch (error) {
			if (last === '') {
				throw new SpokeError('ERR_KUBECONFIG_INVALID', `the token file cannot be used: ${fileErrorText(error as NodeJS.ErrnoException)}`, {
					remedy: 'check tokenFile of this user',
					cause: error,
				});
			}
		}

		return last;
	};
}

type CertificateSource = Pick<UserEntry, 'clientCertificate' | 'clientCertificateData' | 'clientKey' | 'clientKeyData'>;

/** client-go rereads at most once a second. */
const certificateRereadMs = 1000;

/**
Returns the same object until the pair changes. A mismatch of key and certificate shows on first use.
@throws SpokeError ERR_CLIENT_CERTIFICATE
*/
export function certificateSource(pair: CertificateSource, now: () => number = Date.now): () => Promise<ClientCertificate> {
	let last: ClientCertificate | null = null;
	let readAt = -Infinity;
	return async () => {
		if (last && (now() - readAt < certificateRereadMs || (pair.clientCertificateData.length > 0 && pair.clientKeyData.length > 0))) {
			return last;
		}

		const [certificate, key] = await Promise.all([
			dataOrFile(pair.clientCertificateData, pair.clientCertificate),
			dataOrFile(pair.clientKeyData, pair.clientKey),
		]);
		readAt = now();
		if (!last?.certificate.equals(certificate) || !last.key.equals(key)) {
			last = {certificate, key};
		}

		return last;
	};
}

async function dataOrFile(data: Buffer, path: string): Promise<Buffer> {
	if (data.length > 0) {
		return data;
	}

	try {
		return await readFile(path);
	} catch (error) {
		throw new SpokeError(
			'ERR_CLIENT_CERTIFICATE',
			`the client certificate cannot be read: ${fileErrorText(Object.assign(error as NodeJS.ErrnoException, {path}))}`,
			{cause: error},
		);
	}
}

/**
Sends an `oidc` id-token while valid, without refreshing it; removed providers get client-go's messages.
@throws SpokeError ERR_KUBECONFIG_INVALID, ERR_CREDENTIALS
*/
export function authProvider({name, config}: AuthProviderEntry, now = Date.now()): Credentials {
	const removalMessage = removed.get(name);
	if (removalMessage !== undefined) {
		throw new SpokeError('ERR_KUBECONFIG_INVALID', removalMessage, {
			remedy: 'in the kubeconfig, replace the auth-provider of this user by an exec credential plugin',
		});
	}

	if (name !== 'oidc') {
		throw new SpokeError('ERR_KUBECONFIG_INVALID', `no Auth Provider found for name "${name}"`);
	}

	const token = config.get('id-token') ?? '';
	if (token === '' || expiryOf(token) <= now) {
		throw new SpokeError(
			'ERR_CREDENTIALS',
			`the oidc id-token ${token === '' ? 'is missing' : 'has expired'}, and spoke does not refresh it`,
			{
				// Before any connection.
				leg: 0,
				remedy: 'run any kubectl command once: it refreshes the token in the kubeconfig',
			},
		);
	}

	return fixedCredentials('token', {authorization: headerValue('Authorization', `Bearer ${token}`), certificate: null});
}

/** Milliseconds; 0 if unreadable. The apiserver verifies the token. */
function expiryOf(token: string): number {
	try {
		const {exp} = JSON.parse(Buffer.from(token.split('.', 2)[1] ?? '', 'base64url').toString('utf8')) as {exp?: unknown};
		return typeof exp === 'number' ? exp * 1000 : 0;
	} catch {
		return 0;
	}
}

/**
@see https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins
@throws SpokeError ERR_KUBECONFIG_INVALID for an unknown API version
*/
export function execPlugin(exec: ExecEntry, context: CredentialContext, now: () => number = Date.now): Credentials {
	if (!versions.includes(exec.apiVersion)) {
		throw new SpokeError('ERR_KUBECONFIG_INVALID', `exec plugin: invalid apiVersion "${exec.apiVersion}"`, {
			remedy: `use ${versions.join(' or ')}`,
		});
	}

	const timeouts = pluginTimeouts(context.environment);
	let last: Issued | null = null;
	let running: Promise<Issued> | null = null;
	// Only a plugin that a caller waits for keeps the process alive.
	const awaitedHandles = new AwaitedHandles();
	const renew = async (): Promise<Issued> => {
		running ??= runPlugin(exec, context, {timeouts, isRenewal: last !== null, awaitedHandles})
			.then(async output => parseIssued(exec, output, last))
			.finally(() => {
				running = null;
			});
		last = await running;
		return last;
	};

	const renewUntilAborted = async (signal: AbortSignal | undefined) => awaitedHandles.during(async () => rejectOnAbort(renew, signal));

	return {
		kind: 'exec',
		async current(signal) {
			const issued = last && now() <= last.expires ? last : await renewUntilAborted(signal);
			return issued.identity;
		},
		async renewAfter401(identity, signal) {
			// Another request's 401 may have renewed it already.
			if (last?.identity !== identity) {
				return last !== null;
			}

			await renewUntilAborted(signal);
			return true;
		},
	};
}

function pluginTimeouts(environment: NodeJS.ProcessEnv): PluginTimeouts {
	const text = environment['SPOKE_EXEC_TIMEOUT'] ?? '';
	if (text === '') {
		return defaultTimeouts;
	}

	const ms = parseSecondsOrDuration(text);
	if (ms === undefined || ms < 0) {
		throw new SpokeError('ERR_USAGE', `SPOKE_EXEC_TIMEOUT=${text} is not a valid duration`, {
			remedy: 'use whole seconds, or a number with a unit: 90s, 5m',
		});
	}

	return {nonInteractiveMs: clampTimerMs(ms), interactiveMs: clampTimerMs(ms)};
}

/** As strict as client-go. Messages never repeat the output, because it contains secrets. */
async function parseIssued(exec: ExecEntry, output: string, previous: Issued | null): Promise<Issued> {
	const status = await statusOf(exec, output);
	const field = (name: string) => textField(exec, status, name);
	const [token, certificate, key] = [field('token'), field('clientCertificateData'), field('clientKeyData')];
	if (token === '' && certificate === '' && key === '') {
		throw pluginError(exec, 'didn’t return a token or cert/key pair');
	}

	if ((certificate === '') !== (key === '')) {
		throw pluginError(exec, 'returned only certificate or key, not both');
	}

	const expires = field('expirationTimestamp');
	const expiresAt = expires === '' ? Infinity : rfc3339.test(expires) ? Date.parse(expires) : NaN;
	if (Number.isNaN(expiresAt)) {
		throw pluginError(exec, 'returned an expirationTimestamp that is not an RFC 3339 time');
	}

	const pair = certificate === '' ? null : samePair(previous?.identity.certificate ?? null, Buffer.from(certificate), Buffer.from(key));
	return {
		identity: {authorization: token === '' ? null : headerValue('Authorization', `Bearer ${token}`), certificate: pair},
		expires: expiresAt,
	};
}

function samePair(previous: ClientCertificate | null, certificate: Buffer, key: Buffer): ClientCertificate {
	return previous?.certificate.equals(certificate) && previous.key.equals(key) ? previous : validateCertificatePair(certificate, key);
}

async function statusOf(exec: ExecEntry, output: string): Promise<ReadonlyMap<unknown, PlainValue>> {
	let credential: PlainValue;
	try {
		credential = await parsePluginOutput(output);
	} catch (error) {
		throw pluginError(exec, `did not print an ExecCredential: ${(error as Error).message}`);
	}

	if (!(credential instanceof Map) || credential.get('kind') !== 'ExecCredential') {
		throw pluginError(exec, 'did not print an ExecCredential');
	}

	const version: unknown = credential.get('apiVersion');
	if (version !== exec.apiVersion) {
		throw pluginError(
			exec,
			`is configured to use API version ${exec.apiVersion}, plugin returned version ${typeof version === 'string' ? version.slice(0, 100) : 'none'}`,
		);
	}

	const status = (credential as ReadonlyMap<unknown, PlainValue>).get('status');
	if (!(status instanceof Map)) {
		throw pluginError(exec, 'didn’t return a status field');
	}

	return status as ReadonlyMap<unknown, PlainValue>;
}

function textField(exec: ExecEntry, status: ReadonlyMap<unknown, PlainValue>, name: string): string {
	const value = status.get(name) ?? '';
	if (typeof value !== 'string') {
		throw pluginError(exec, `returned a ${name} that is not a string`);
	}

	return value;
}

function pluginError(exec: ExecEntry, why: string): SpokeError {
	return new SpokeError('ERR_CREDENTIAL_PLUGIN', `getting credentials: exec plugin ${exec.command} ${why}`);
}
