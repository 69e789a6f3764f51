/** Kubernetes objects as JSON. */

export type Json = Record<string, any>;

export type ObjectMeta = {
	name: string;
	namespace?: string;
	uid: string;
	resourceVersion: string;
	generation?: number;
	creationTimestamp: string;
	deletionTimestamp?: string;
	labels?: Record<string, string>;
	annotations?: Record<string, string>;
	ownerReferences?: Json[];
};

export type KubeObject = Json & {apiVersion: string; kind: string; metadata: ObjectMeta};

/** Without uid, resourceVersion and creation time. */
export type NewObject = Json & {metadata: Partial<ObjectMeta> & {name: string}};

/** RFC 3339 in seconds. */
export function apiTime(at: Date = new Date()): string {
	return `${at.toISOString().slice(0, 19)}Z`;
}

/** RFC 3339 with microseconds, as in leases. */
export function apiMicroTime(at: Date = new Date()): string {
	return `${at.toISOString().slice(0, 23)}000Z`;
}
