/** Shapes of the Kubernetes objects that spoke reads. */

/** Every object of an apiserver has the `needed` fields. */
export type Shape =
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

export const anyObject: Shape = {fields: {metadata}, needed: ['metadata']};

export const objectShapes: Readonly<Record<string, Shape>> = {
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
export const listMetadata: Shape = {fields: {resourceVersion: 'text', continue: 'text', remainingItemCount: 'a number'}};
const tableRow: Shape = {fields: {cells: {list: 'anything'}, object: anyObject}, needed: ['cells']};
export const table: Shape = {kind: 'Table', fields: {metadata: listMetadata, columnDefinitions, rows: {list: tableRow}}};

export const watchEvent: Shape = {
	fields: {type: 'text', object: {fields: {metadata: {fields: {resourceVersion: 'text'}}, code: 'a number', message: 'text'}}},
	needed: ['type', 'object'],
};
