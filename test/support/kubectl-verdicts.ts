/** kubectl's results, recorded by the real-cluster suite. */
import {readFile, writeFile} from 'node:fs/promises';
import type {Outcome} from './try-kubeconfig.ts';
import type {Verdict} from './try-certificate.ts';

export type KubectlVerdicts = {kubectl: string; kubeconfigs: Record<string, Outcome>; certificates: Record<string, Verdict>};

const file = new URL('../cluster/kubectl-verdicts.json', import.meta.url);

export async function readVerdicts(): Promise<KubectlVerdicts> {
	return JSON.parse(await readFile(file, 'utf8')) as KubectlVerdicts;
}

export async function writeVerdicts(verdicts: KubectlVerdicts): Promise<void> {
	await writeFile(file, `${JSON.stringify(verdicts, null, '\t')}\n`);
}
