/** What an object is here: JSON with metadata. */

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

/** An object still to be stored: the store gives uid, resourceVersion and creation time. */
export type NewObject = Json & {metadata: Partial<ObjectMeta> & {name: string}};

/** RFC 3339 in whole seconds, as the API writes times. */
export function apiTime(at: Date = new Date()): string {
	return `${at.toISOString().slice(0, 19)}Z`;
}

/** RFC 3339 with microseconds, as leases write them. */
export function apiMicroTime(at: Date = new Date()): string {
	return `${at.toISOString().slice(0, 23)}000Z`;
}
