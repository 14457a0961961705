/**
 * What the library's client of a Redis Cluster leaves undone for its nodes, for the service and for the CLI.
 */

/** As much of the library's Redis as is needed here; this room imports no client. */
interface ClusterNode {
  asking(): Promise<unknown>;
}

interface ClusterOfNodes {
  on(event: '+node', listener: (node: ClusterNode) => void): unknown;
}

/**
 * Before a command that was redirected by ASK the library (ioredis 6.0.0) sends ASKING and forgets the promise of
 * its answer. When that does not come in time, or the connection breaks, nobody handles the rejection and the
 * process ends: any instance, while slots move and a node is slow. The command itself reports the fault.
 * To be called before the cluster connects.
 */
export function catchForgottenAsking(cluster: ClusterOfNodes): void {
  cluster.on('+node', (node) => {
    const asking = node.asking.bind(node);
    node.asking = () => {
      const answer = asking();
      answer.catch(() => {});
      return answer;
    };
  });
}
