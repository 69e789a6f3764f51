/** Shapes of the Kubernetes objects that spoke reads: data for `validateObject`, and the types of what it has checked. */
import type {
	CoreV1Event,
	V1CertificateSigningRequest,
	V1Container,
	V1ContainerState,
	V1ContainerStateTerminated,
	V1ContainerStatus,
	V1CronJob,
	V1DaemonSet,
	V1Deployment,
	V1EndpointSlice,
	V1Job,
	V1Lease,
	V1ListMeta,
	V1Namespace,
	V1Node,
	V1ObjectMeta,
	V1Pod,
	V1PodCondition,
	V1ReplicaSet,
	V1ReplicationController,
	V1SelfSubjectAccessReview,
	V1SelfSubjectReview,
	V1Service,
	V1StatefulSet,
	VersionInfo,
} from '@kubernetes/client-node';
import type {Json} from '../wire/json.ts';

/** Every object of an apiserver has the `needed` fields. */
export type Shape =
	| 'text'
	| 'a number'
	| 'true or false'
	| 'text or a number'
	| 'anything'
	| {readonly list: Shape}
	| {readonly each: Shape}
	| {readonly kind?: string; readonly fields: Readonly<Record<string, Shape>>; readonly needed?: readonly string[]};

/** Only fields of client-node's type T, with their types. */
type ShapeOf<T> =
	| 'anything'
	| ([T] extends [Date | string]
			? 'text'
			: [T] extends [number]
				? 'a number'
				: [T] extends [boolean]
					? 'true or false'
					: [T] extends [number | string]
						? 'text or a number'
						: T extends ReadonlyArray<infer Member>
							? {readonly list: ShapeOf<Member>}
							: string extends keyof T
								? {readonly each: ShapeOf<T[keyof T]>}
								: FieldsOf<T>);
type FieldsOf<T> = {
	readonly kind?: string;
	readonly fields: {readonly [Key in keyof Json<T>]?: ShapeOf<NonNullable<KeyOf<T, Key>>>};
	readonly needed?: ReadonlyArray<keyof Json<T>>;
};
/** `continue` is `_continue` in client-node. */
type KeyOf<T, Key> = Key extends keyof T ? T[Key] : `_${Key & string}` extends keyof T ? T[`_${Key & string}`] : never;

/** What `validateObject` has checked by shape S of an object that client-node types as T. */
type Checked<T, S> = S extends 'anything'
	? unknown
	: S extends string
		? Json<T>
		: S extends {readonly list: infer Member}
			? ReadonlyArray<Checked<T extends ReadonlyArray<infer Own> ? Own : never, Member>>
			: S extends {readonly each: infer Member}
				? Readonly<Record<string, Checked<T[keyof T], Member>>>
				: S extends {readonly fields: infer Fields}
					? CheckedFields<T, Fields, S extends {readonly needed: ReadonlyArray<infer Key>} ? Key : never>
					: never;
type CheckedFields<T, Fields, Needed> = {
	-readonly [Key in keyof Fields as Key extends Needed ? Key : never]: Checked<NonNullable<KeyOf<T, Key>>, Fields[Key]>;
} & {
	-readonly [Key in keyof Fields as Key extends Needed ? never : Key]?: Checked<NonNullable<KeyOf<T, Key>>, Fields[Key]>;
};

const texts = {list: 'text'} as const;
const labels = {each: 'text'} as const;
const metadata = {
	fields: {
		name: 'text',
		namespace: 'text',
		uid: 'text',
		resourceVersion: 'text',
		creationTimestamp: 'text',
		deletionTimestamp: 'text',
		finalizers: texts,
		labels,
		annotations: labels,
		ownerReferences: {
			list: {
				fields: {apiVersion: 'text', kind: 'text', name: 'text', uid: 'text', controller: 'true or false'},
				needed: ['kind', 'name', 'uid'],
			},
		},
	},
	needed: ['name'],
} as const satisfies ShapeOf<V1ObjectMeta>;
const conditionFields = {type: 'text', status: 'text', reason: 'text', message: 'text', lastTransitionTime: 'text'} as const;
const conditions = {list: {fields: conditionFields, needed: ['type', 'status']}} as const satisfies ShapeOf<V1PodCondition[]>;
const containers = {
	list: {
		fields: {
			name: 'text',
			image: 'text',
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
} as const satisfies ShapeOf<V1Container[]>;
const termination = {
	fields: {
		exitCode: 'a number',
		signal: 'a number',
		reason: 'text',
		message: 'text',
		startedAt: 'text',
		finishedAt: 'text',
		containerID: 'text',
	},
	needed: ['exitCode'],
} as const satisfies ShapeOf<V1ContainerStateTerminated>;
const state = {
	fields: {waiting: {fields: {reason: 'text', message: 'text'}}, running: {fields: {startedAt: 'text'}}, terminated: termination},
} as const satisfies ShapeOf<V1ContainerState>;
const statuses = {
	list: {
		fields: {
			name: 'text',
			containerID: 'text',
			ready: 'true or false',
			started: 'true or false',
			restartCount: 'a number',
			state,
			lastState: state,
		},
		needed: ['name'],
	},
} as const satisfies ShapeOf<V1ContainerStatus[]>;
const workload = {
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
				template: {fields: {spec: {fields: {containers}, needed: ['containers']}}},
			},
		},
		status: {fields: {conditions}},
	},
	needed: ['metadata'],
} as const satisfies ShapeOf<V1DaemonSet>;
const replicated = {
	...workload,
	fields: {
		...workload.fields,
		spec: {fields: {...workload.fields.spec.fields, replicas: 'a number'}},
		status: {
			fields: {conditions, replicas: 'a number', readyReplicas: 'a number', updatedReplicas: 'a number', availableReplicas: 'a number'},
		},
	},
} as const satisfies ShapeOf<V1Deployment>;
const pod = {
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
				hostIP: 'text',
				hostIPs: {list: {fields: {ip: 'text'}}},
				conditions,
				containerStatuses: statuses,
				initContainerStatuses: statuses,
				ephemeralContainerStatuses: statuses,
			},
		},
	},
	needed: ['metadata', 'spec'],
} as const satisfies ShapeOf<V1Pod>;

export const anyObject = {fields: {metadata}, needed: ['metadata']} as const satisfies ShapeOf<V1Namespace>;

export type CheckedMetadata = Checked<V1ObjectMeta, typeof metadata>;
export type CheckedListMetadata = Checked<V1ListMeta, typeof listMetadata>;

/** client-node's type of each resource. */
type Kinds = {
	'/version': VersionInfo;
	'pods/ephemeralcontainers': V1Pod;
	certificatesigningrequests: V1CertificateSigningRequest;
	cronjobs: V1CronJob;
	daemonsets: V1DaemonSet;
	deployments: V1Deployment;
	endpointslices: V1EndpointSlice;
	events: CoreV1Event;
	jobs: V1Job;
	leases: V1Lease;
	namespaces: V1Namespace;
	nodes: V1Node;
	pods: V1Pod;
	replicasets: V1ReplicaSet;
	replicationcontrollers: V1ReplicationController;
	selfsubjectaccessreviews: V1SelfSubjectAccessReview;
	selfsubjectreviews: V1SelfSubjectReview;
	services: V1Service;
	statefulsets: V1StatefulSet;
};

/** An object of a resource, with the fields that `validateObject` has checked. */
export type CheckedObject<Resource extends keyof Kinds> = Checked<Kinds[Resource], (typeof objectShapes)[Resource]>;

export const objectShapes = {
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
					conditions: {list: {fields: {...conditionFields, lastHeartbeatTime: 'text'}, needed: ['type', 'status']}},
					capacity: labels,
					allocatable: labels,
					daemonEndpoints: {fields: {kubeletEndpoint: {fields: {Port: 'a number'}}}},
					nodeInfo: {
						fields: {
							kubeletVersion: 'text',
							kubeProxyVersion: 'text',
							osImage: 'text',
							kernelVersion: 'text',
							containerRuntimeVersion: 'text',
						},
					},
				},
			},
		},
		needed: ['metadata'],
	},
	deployments: {...replicated, kind: 'Deployment'},
	statefulsets: {...replicated, kind: 'StatefulSet'},
	daemonsets: {
		...workload,
		kind: 'DaemonSet',
		fields: {
			...workload.fields,
			status: {
				fields: {conditions, desiredNumberScheduled: 'a number', numberReady: 'a number', updatedNumberScheduled: 'a number'},
			},
		},
	},
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
} as const satisfies {[Resource in keyof Kinds]: ShapeOf<Kinds[Resource]>};

const columnDefinitions = {list: {fields: {name: 'text'}, needed: ['name']}} as const satisfies Shape;
export const listMetadata = {
	fields: {resourceVersion: 'text', continue: 'text', remainingItemCount: 'a number'},
} as const satisfies ShapeOf<V1ListMeta>;
const tableRow = {fields: {cells: {list: 'anything'}, object: anyObject}, needed: ['cells']} as const satisfies Shape;
export const table = {kind: 'Table', fields: {metadata: listMetadata, columnDefinitions, rows: {list: tableRow}}} as const satisfies Shape;

export const watchEvent = {
	fields: {type: 'text', object: {fields: {metadata: {fields: {resourceVersion: 'text'}}, code: 'a number', message: 'text'}}},
	needed: ['type', 'object'],
} as const satisfies Shape;
