/** `spoke forwards ca`. */
import {X509Certificate} from 'node:crypto';
import process from 'node:process';
import {SpokeError} from '../../errors/spoke-error.ts';
import {authoritySubject, listLocalAuthorities, permittedNames, type LocalAuthority} from '../../local-tls/local-authority.ts';
import {noticeLine} from '../../output/notice-line.ts';
import {quoteForShell} from '../../text/quote-for-shell.ts';
import {sanitizeLine} from '../../text/sanitize-line.ts';
import type {ForwardsInvocation} from './spec.ts';

/** Prints each local CA, or that of `named`, and how to trust and remove it. @throws SpokeError ERR_USAGE, ERR_LOCAL_FILE */
export function showLocalAuthorities({stdout, stderr, env}: ForwardsInvocation, named: string | undefined): void {
	const all = listLocalAuthorities(env);
	const chosen = all.filter(({name}) => named === undefined || name === named);
	if (chosen.length === 0 && named !== undefined) {
		throw new SpokeError('ERR_USAGE', `no local CA for ${JSON.stringify(named)}`, {
			remedy:
				all.length === 0 ? 'spoke port-forward TARGET PORT --tls creates one' : `choose one of ${all.map(({name}) => name).join(', ')}`,
		});
	}

	if (chosen.length === 0) {
		stderr.write(noticeLine('no local CA: `spoke port-forward TARGET PORT --tls` creates one', stderr));
	}

	for (const authority of chosen) {
		stdout.write(
			describeLocalAuthority(authority, process.platform)
				.map(line => `${sanitizeLine(line)}\n`)
				.join(''),
		);
	}
}

/** Commands of the system with `platform`. spoke runs none of them. */
export function describeLocalAuthority({name, directory, file, certificate}: LocalAuthority, platform: string): readonly string[] {
	const {validToDate, fingerprint256} = new X509Certificate(certificate);
	const path = quoteForShell(file);
	const {trust, distrust} = platform === 'darwin' ? inKeychain(path, fingerprint256) : inSystemStores(path, name);
	return [
		`${name}: CA for ${permittedNames(name).join(', ')} only, valid until ${validToDate.toISOString()}`,
		`  certificate: ${file}`,
		`  SHA-256: ${fingerprint256}`,
		'  trust it for one command:',
		`    curl --cacert ${path} https://…`,
		`    NODE_EXTRA_CA_CERTS=${path} node …`,
		`    SSL_CERT_FILE=${path} COMMAND (OpenSSL, and Go on Linux: instead of the system's CA file)`,
		'  trust it in your programs:',
		...trust.map(line => `    ${line}`),
		`    ${firefoxAuthorities}, Import`,
		'  remove it:',
		...distrust.map(line => `    ${line}`),
		`    ${firefoxAuthorities}, select ${quoteForShell(authoritySubject(name))}, Delete or Distrust`,
		`    rm -r ${quoteForShell(directory)} (spoke then creates a new CA for the next --tls)`,
	];
}

/** Firefox has a certificate store of its own in each profile. */
const firefoxAuthorities = 'Firefox: Settings, View Certificates, Authorities';

type Commands = {trust: readonly string[]; distrust: readonly string[]};

function inKeychain(file: string, fingerprint: string): Commands {
	const keychain = '~/Library/Keychains/login.keychain-db';
	return {
		trust: [`security add-trusted-cert -r trustRoot -p ssl -k ${keychain} ${file}`],
		distrust: [`security remove-trusted-cert ${file}`, `security delete-certificate -Z ${fingerprint.replaceAll(':', '')} ${keychain}`],
	};
}

function inSystemStores(file: string, name: string): Commands {
	const debian = `/usr/local/share/ca-certificates/spoke-${name}.crt`;
	const chrome = 'certutil -d sql:$HOME/.pki/nssdb';
	return {
		trust: [
			`Debian, Ubuntu: sudo cp ${file} ${debian} && sudo update-ca-certificates`,
			`Fedora, Arch: sudo trust anchor ${file}`,
			`Chrome: ${chrome} -A -t C,, -n spoke-${name} -i ${file}`,
		],
		distrust: [
			`Debian, Ubuntu: sudo rm ${debian} && sudo update-ca-certificates`,
			`Fedora, Arch: sudo trust anchor --remove ${file}`,
			`Chrome: ${chrome} -D -n spoke-${name}`,
		],
	};
}
