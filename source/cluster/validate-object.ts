/** Is what a server answered shaped as the objects of Kubernetes that are read here? Checked once, where it comes in: behind it types hold. */
import {SpokeError} from '../errors/spoke-error.ts';
import {requestAttributes} from './request-attributes.ts';

/** Only what is read; `needed` fields are there in every object that an apiserver gives. */
type Shape =
	| 'text'
	| 'a number'
	| 'true or false'
	| 'text or a number'
	| 'anything'
	| {list: Shape}
	| {each: Shape}
	| {kind?: string; fields: Readonly<Record<string, Shape>>; needed?: readonly string[]};

const texts: Shape = {list: 'text'};
const labels: Shape = {each: 'text'};
const metadata: Shape = {
	fields: {
		name: 'text',
		namespace: 'text',
		uid: 'text',
		resourceVersion: 'text',
		creationTimestamp: 'text',
		deletionTimestamp: 'text',
		labels,
		annotations: labels,
		ownerReferences: {list: {fields: {kind: 'text', name: 'text', uid: 'text', controller: 'true or false'}}},
	},
	needed: ['name'],
};
const conditions: Shape = {
	list: {
		fields: {type: 'text', status: 'text', reason: 'text', message: 'text', lastTransitionTime: 'text', lastHeartbeatTime: 'text'},
		needed: ['type'],
	},
};
const containers: Shape = {
	list: {
		fields: {
			name: 'text',
			ports: {list: {fields: {name: 'text', containerPort: 'a number', protocol: 'text'}, needed: ['containerPort']}},
			stdin: 'true or false',
			tty: 'true or false',
			restartPolicy: 'text',
			restartPolicyRules: {list: 'anything'},
			command: texts,
			args: texts,
			env: {list: {fields: {name: 'text', value: 'text'}}},
			envFrom: {list: 'anything'},
		},
		needed: ['name'],
	},
};
const termination: Shape = {
	fields: {
		exitCode: 'a number',
		signal: 'a number',
		reason: 'text',
		message: 'text',
		startedAt: 'text',
		finishedAt: 'text',
		containerID: 'text',
	},
};
const state: Shape = {
	fields: {waiting: {fields: {reason: 'text', message: 'text'}}, running: {fields: {startedAt: 'text'}}, terminated: termination},
};
const statuses: Shape = {
	list: {
		fields: {name: 'text', containerID: 'text', ready: 'true or false', restartCount: 'a number', state, lastState: state},
		needed: ['name'],
	},
};
const workload: Shape = {
	fields: {
		metadata,
		spec: {
			fields: {
				selector: {
					fields: {
						matchLabels: labels,
						matchExpressions: {list: {fields: {key: 'text', operator: 'text', values: texts}, needed: ['key', 'operator']}},
					},
				},
			},
		},
		status: {fields: {conditions}},
	},
	needed: ['metadata'],
};
const pod: Shape = {
	kind: 'Pod',
	fields: {
		metadata,
		spec: {
			fields: {
				nodeName: 'text',
				restartPolicy: 'text',
				containers,
				initContainers: containers,
				ephemeralContainers: containers,
				automountServiceAccountToken: 'true or false',
				volumes: {
					list: {
						fields: {
							projected: {fields: {sources: {list: {fields: {serviceAccountToken: 'anything', configMap: {fields: {name: 'text'}}}}}}},
						},
					},
				},
			},
			needed: ['containers'],
		},
		status: {
			fields: {
				phase: 'text',
				reason: 'text',
				message: 'text',
				podIP: 'text',
				conditions,
				containerStatuses: statuses,
				initContainerStatuses: statuses,
				ephemeralContainerStatuses: statuses,
			},
		},
	},
	needed: ['metadata', 'spec'],
};

const anyObject: Shape = {fields: {metadata}, needed: ['metadata']};

/** By the resource that is asked for, as RBAC names it. */
const shapes: Readonly<Record<string, Shape>> = {
	pods: pod,
	'pods/ephemeralcontainers': pod,
	services: {
		kind: 'Service',
		fields: {
			metadata,
			spec: {
				fields: {
					selector: labels,
					clusterIP: 'text',
					ports: {list: {fields: {name: 'text', port: 'a number', targetPort: 'text or a number', protocol: 'text'}, needed: ['port']}},
				},
			},
		},
		needed: ['metadata'],
	},
	nodes: {
		kind: 'Node',
		fields: {
			metadata,
			spec: {fields: {unschedulable: 'true or false'}},
			status: {
				fields: {
					addresses: {list: {fields: {type: 'text', address: 'text'}, needed: ['type', 'address']}},
					conditions,
					declaredFeatures: texts,
					daemonEndpoints: {fields: {kubeletEndpoint: {fields: {Port: 'a number'}}}},
					nodeInfo: {fields: {kubeletVersion: 'text', kubeProxyVersion: 'text'}},
				},
			},
		},
		needed: ['metadata'],
	},
	deployments: {...workload, kind: 'Deployment'},
	statefulsets: {...workload, kind: 'StatefulSet'},
	daemonsets: {...workload, kind: 'DaemonSet'},
	replicasets: {...workload, kind: 'ReplicaSet'},
	jobs: {...workload, kind: 'Job'},
	cronjobs: {
		kind: 'CronJob',
		fields: {
			metadata,
			spec: {fields: {schedule: 'text', timeZone: 'text', suspend: 'true or false', concurrencyPolicy: 'text'}},
			status: {fields: {lastScheduleTime: 'text', lastSuccessfulTime: 'text', active: {list: {fields: {name: 'text'}}}}},
		},
		needed: ['metadata'],
	},
	replicationcontrollers: {kind: 'ReplicationController', fields: {metadata, spec: {fields: {selector: labels}}}, needed: ['metadata']},
	namespaces: {...anyObject, kind: 'Namespace'},
	events: {
		kind: 'Event',
		fields: {metadata, type: 'text', reason: 'text', message: 'text', count: 'a number', lastTimestamp: 'text', eventTime: 'text'},
		needed: ['metadata'],
	},
	endpointslices: {
		kind: 'EndpointSlice',
		fields: {
			metadata,
			endpoints: {
				list: {
					fields: {
						addresses: texts,
						conditions: {fields: {ready: 'true or false'}},
						targetRef: {fields: {kind: 'text', name: 'text', uid: 'text'}},
					},
				},
			},
			ports: {list: {fields: {port: 'a number'}}},
		},
		needed: ['metadata'],
	},
	leases: {kind: 'Lease', fields: {metadata, spec: {fields: {renewTime: 'text', leaseDurationSeconds: 'a number'}}}, needed: ['metadata']},
	certificatesigningrequests: {
		kind: 'CertificateSigningRequest',
		fields: {
			metadata,
			spec: {fields: {signerName: 'text', username: 'text'}},
			status: {fields: {certificate: 'text', conditions}},
		},
		needed: ['metadata'],
	},
	selfsubjectaccessreviews: {kind: 'SelfSubjectAccessReview', fields: {status: {fields: {allowed: 'true or false', reason: 'text'}}}},
	selfsubjectreviews: {
		kind: 'SelfSubjectReview',
		fields: {status: {fields: {userInfo: {fields: {username: 'text', groups: texts, uid: 'text'}}}}},
	},
	'/version': {fields: {gitVersion: 'text'}},
};

const columnDefinitions: Shape = {list: {fields: {name: 'text'}, needed: ['name']}};
const listMetadata: Shape = {fields: {resourceVersion: 'text', continue: 'text', remainingItemCount: 'a number'}};
const tableRow: Shape = {fields: {cells: {list: 'anything'}, object: anyObject}, needed: ['cells']};
const table: Shape = {kind: 'Table', fields: {metadata: listMetadata, columnDefinitions, rows: {list: tableRow}}};

/** An error is a Status. */
const watchLine: Shape = {
	fields: {type: 'text', object: {fields: {metadata: {fields: {resourceVersion: 'text'}}, code: 'a number', message: 'text'}}},
	needed: ['type', 'object'],
};

export type ResponseForm = 'object' | 'table';

/**
The value itself, in which fields that are read and are `null` are left out, as Go reads them.
`path` is what was asked for, an object or a list where no form is given, and `what` the answer, for the message.
@throws SpokeError ERR_PROTOCOL that names the first field which is something else than in Kubernetes
*/
export function validateObject(
	value: unknown,
	path: string,
	{what, method = 'GET', form}: {what: string; method?: string; form?: ResponseForm | undefined},
): object {
	const {resource, verb} = requestAttributes(method, path);
	const own = shapes[resource] ?? (path.startsWith('/api') && !resource.includes('/') ? anyObject : {fields: {}});
	const isOne = form === 'object' || (form === undefined && verb !== 'list');
	const fault = isOne ? faultIn(value, own, '') : faultInList(value, form === 'table' ? 'table' : 'list', own);
	if (fault !== undefined) {
		throw notKubernetesError(`${what} is no answer of Kubernetes: ${fault}`);
	}

	return value as object;
}

export type WatchEventLine = {
	type: string;
	/** Of a table only its rows are there, and of an error code and message. */
	object: {
		metadata?: {resourceVersion?: string};
		rows?: ReadonlyArray<{object?: {metadata: {resourceVersion?: string}} | null}>;
		code?: number;
		message?: string;
	};
};

/** One line of a watch. A bookmark's object is none but for its version. @throws SpokeError as `validateObject` */
export function validateWatchEvent(value: unknown, path: string, form: ResponseForm): WatchEventLine {
	const what = `a line in the watch of ${path}`;
	const fault = faultIn(value, watchLine, '');
	if (fault !== undefined) {
		throw notKubernetesError(`${what} is no answer of Kubernetes: ${fault}`);
	}

	const line = value as WatchEventLine;
	if (line.type === 'ADDED' || line.type === 'MODIFIED' || line.type === 'DELETED') {
		validateObject(line.object, path, {what, form});
	}

	return line;
}

/** An answer that no apiserver gives. */
export function notKubernetesError(message: string, cause?: unknown): SpokeError {
	return new SpokeError('ERR_PROTOCOL', message, {
		remedy: 'check that the server URL leads to a Kubernetes apiserver, and not to a login page or a gateway in its place',
		cause,
	});
}

/**
A web page, as a login portal gives it for every request, with status 200: an apiserver never sends HTML for what it is asked here.
`body` is the beginning of the page; only its title, or its first words, are kept.
*/
export function pageInsteadOf(wanted: string, body: string): SpokeError {
	const title = /<title[^>]*>([^<]*)/i.exec(body)?.[1] ?? '';
	const words = (title.trim() === '' ? body.replaceAll(/<(?:style|script)\b[\s\S]*?<\/(?:style|script)>|<[^>]*>/gi, ' ') : title)
		.trim()
		.replaceAll(/\s+/g, ' ')
		.slice(0, 200);
	const error = notKubernetesError(`a web page came instead of ${wanted}${words === '' ? '' : `: ${words}`}`);
	return words === '' ? error : error.anew({text: words});
}

export function isWebPage({'content-type': type}: {'content-type'?: string | undefined}): boolean {
	return /^\s*(?:text\/html|application\/xhtml\+xml)\s*(?:;|$)/i.test(type ?? '');
}

/** Go writes the members also where there are none: a list without them is none. */
function faultInList(value: unknown, form: 'list' | 'table', member: Shape): string | undefined {
	if (form === 'table') {
		return faultIn(value, table, '') ?? ('rows' in (value as object) ? undefined : 'it has no rows');
	}

	const fault = faultIn(value, {fields: {kind: 'text', metadata: listMetadata, items: {list: member}}}, '');
	const {kind} = (fault === undefined ? value : {}) as {kind?: string};
	if (fault !== undefined) {
		return fault;
	}

	if (kind !== undefined && !kind.endsWith('List')) {
		return otherKind(kind, 'list', '');
	}

	return 'items' in (value as object) ? undefined : 'it has no items';
}

function faultIn(value: unknown, shape: Shape, at: string): string | undefined {
	if (typeof shape === 'string') {
		return isPlain(value, shape) ? undefined : otherThan(shape, value, at);
	}

	if ('list' in shape) {
		return Array.isArray(value)
			? firstFault(value, (one, index) => faultIn(one, shape.list, `${at}[${index}]`))
			: otherThan('a list', value, at);
	}

	if (typeof value !== 'object' || value === null || Array.isArray(value)) {
		return otherThan('an object', value, at);
	}

	// Keys are anybody's, and any length: they are not told.
	return 'each' in shape
		? firstFault(Object.values(value), one => faultIn(one, shape.each, `a value of ${at}`))
		: faultInFields(value as Record<string, unknown>, shape, at);
}

function faultInFields(
	value: Record<string, unknown>,
	{kind, fields, needed = []}: Extract<Shape, {fields: unknown}>,
	at: string,
): string | undefined {
	if (kind !== undefined && typeof value['kind'] === 'string' && value['kind'] !== kind) {
		return otherKind(value['kind'], kind, at);
	}

	const missing = needed.find(name => value[name] === undefined || value[name] === null);
	if (missing !== undefined) {
		return `${at === '' ? 'it' : at} has no ${missing}`;
	}

	for (const name in fields) {
		if (value[name] === null) {
			value[name] = undefined;
		} else if (value[name] !== undefined) {
			const fault = faultIn(value[name], fields[name]!, at === '' ? name : `${at}.${name}`);
			if (fault !== undefined) {
				return fault;
			}
		}
	}

	return undefined;
}

function firstFault(members: readonly unknown[], fault: (one: unknown, index: number) => string | undefined): string | undefined {
	for (const [index, one] of members.entries()) {
		const found = fault(one, index);
		if (found !== undefined) {
			return found;
		}
	}

	return undefined;
}

function isPlain(value: unknown, wanted: Extract<Shape, string>): boolean {
	switch (wanted) {
		case 'anything': {
			return true;
		}

		case 'text or a number': {
			return typeof value === 'string' || typeof value === 'number';
		}

		default: {
			return naming(value) === wanted;
		}
	}
}

function otherThan(wanted: string, value: unknown, at: string): string {
	return `${at === '' ? 'it' : at} is ${naming(value)}, not ${wanted}`;
}

function otherKind(kind: string, wanted: string, at: string): string {
	return `${at === '' ? 'it' : at} is ${/^\w{1,63}$/.test(kind) ? `a ${kind}` : 'of another kind'}, not a ${wanted}`;
}

function naming(value: unknown): string {
	const names: Readonly<Record<string, string>> = {string: 'text', number: 'a number', boolean: 'true or false', object: 'an object'};
	return value === null ? 'null' : Array.isArray(value) ? 'a list' : names[typeof value]!;
}
