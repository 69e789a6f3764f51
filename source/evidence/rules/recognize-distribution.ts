/** Recognizes the distribution of a cluster. */
import {distributions, type Distribution, type DistributionMark} from './distributions.ts';

export type RecognizedDistribution = {
	distribution: Distribution;
	/** What it was recognized by: `version v1.31.2+k3s1`. */
	by: string;
};

/** Of a node. */
export type NodeMarks = {
	metadata: {labels?: Readonly<Record<string, string>>; annotations?: Readonly<Record<string, string>>};
	status?: {nodeInfo?: {osImage?: string}};
};

type Readable = {
	version: string | null;
	/** The server URL of the kubeconfig. */
	server: string;
	nodes: readonly NodeMarks[];
};

/**
`null` if no mark is seen. A mark is no evidence: an operator may have changed the flags that the distribution sets, and nodes can give
themselves labels. It explains an unknown verdict, and never decides one.
*/
export function recognizeDistribution(readable: Readable): RecognizedDistribution | null {
	for (const distribution of distributions) {
		for (const mark of distribution.marks) {
			const by = seen(mark, readable);
			if (by !== null) {
				return {distribution, by};
			}
		}
	}

	return null;
}

/** Without a node's other labels and annotations, which are many. */
export function marksOf({metadata, status}: NodeMarks): NodeMarks {
	const osImage = status?.nodeInfo?.osImage;
	return {
		metadata: {labels: marksIn('node-label', metadata.labels), annotations: marksIn('node-annotation', metadata.annotations)},
		...(osImage !== undefined && {status: {nodeInfo: {osImage}}}),
	};
}

function marksIn(kind: NodeMark['kind'], values: Readonly<Record<string, string>> = {}): Record<string, string> {
	return Object.fromEntries(Object.entries(values).filter(([name]) => nodeMarks.some(mark => mark.kind === kind && isMark(mark, name))));
}

type NodeMark = Extract<DistributionMark, {name: string}>;

const nodeMarks = distributions.flatMap(({marks}) => marks.filter(mark => 'name' in mark));

function isMark(mark: NodeMark, name: string): boolean {
	return mark.name.endsWith('/') ? name.startsWith(mark.name) : name === mark.name;
}

/** `This looks like k3s (version v1.31.2+k3s1). Usually there: …` */
export function describeDistribution({distribution: {name}, by}: RecognizedDistribution, ...says: readonly string[]): string {
	return `This looks like ${name} (${by}). Usually there: ${says.join('; ')}`;
}

function seen(mark: DistributionMark, {version, server, nodes}: Readable): string | null {
	switch (mark.kind) {
		case 'version': {
			return version !== null && mark.pattern.test(version) ? `version ${version}` : null;
		}

		case 'server': {
			return mark.pattern.test(server) ? `server ${server}` : null;
		}

		case 'os-image': {
			const image = nodes.map(({status}) => status?.nodeInfo?.osImage).find(image => image !== undefined && mark.pattern.test(image));
			return image === undefined ? null : `operating system ${image}`;
		}

		case 'node-label':
		case 'node-annotation': {
			const found = nodes
				.flatMap(({metadata}) => Object.entries((mark.kind === 'node-label' ? metadata.labels : metadata.annotations) ?? {}))
				.find(([name]) => isMark(mark, name));
			return found === undefined ? null : `${mark.kind.replace('-', ' ')} ${found[0]}${mark.kind === 'node-label' ? `=${found[1]}` : ''}`;
		}
	}
}
