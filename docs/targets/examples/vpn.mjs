// A target of your own: who may use which network of a VPN, over its HTTP API. The policy file names it:
//
//   target: { kind: module, path: vpn.mjs, config: { url: "https://vpn.example", token: "${VPN_TOKEN}" } }
//   grants: { networks: [production] }
//
// The bot hands over zod, the helper for places that people are in, and the error that says "no" to people.
export default ({ z, membership, TargetRefusal }) => ({
  configSchema: z.strictObject({
    url: z.url(),
    token: z.string().min(1),
    account: z.string().default('{email}'),
  }),
  roleSchema: z.strictObject({ networks: z.array(z.string().regex(/^[a-z]+$/)).min(1) }),
  accountTemplate: ({ account }) => account,

  connect({ url, token, account }, { seats, accountOf }) {
    async function call(method, path) {
      const response = await fetch(new URL(path, url), {
        method,
        headers: { authorization: `Bearer ${token}` },
        signal: AbortSignal.timeout(10_000),
      }).catch((error) => {
        throw new Error(`the VPN at ${url} cannot be reached`, { cause: error });
      });
      if (response.status === 404) return null;
      if (!response.ok) throw new Error(`the VPN at ${url} answered ${response.status}`);
      return response.status === 204 ? true : response.json();
    }
    const memberPath = (network, person) => `/networks/${network}/members/${encodeURIComponent(person)}`;

    // `membership` makes grant, revoke, isActive, list and remove of these. It is what keeps access that was there before,
    // and what another grant gives.
    const roster = {
      scope: `vpn ${url}`,
      levels: ['member'],
      expires: false,
      seats: ({ networks }) => networks.map((place) => ({ place, level: 'member' })),
      level: async (network, person) => ((await call('GET', memberPath(network, person))) ? 'member' : null),
      set: async (network, person, level) => {
        const found = await call(level === null ? 'DELETE' : 'PUT', memberPath(network, person));
        if (level !== null && !found) throw new TargetRefusal(`the VPN knows nobody called ${person}`);
      },
      members: async (network) =>
        ((await call('GET', `/networks/${network}/members`)) ?? []).map((name) => ({ account: name, level: 'member' })),
    };
    return {
      ...membership(roster, { seats, accountOf: ({ person }) => accountOf(account, person) }),
      // For `jit doctor`: proves what it can without changing anything.
      check: async (roles) => {
        const networks = [...new Set(roles.flatMap(({ role }) => role.networks))];
        const found = await Promise.all(networks.map((network) => call('GET', `/networks/${network}/members`)));
        return networks.map((network, index) => ({ ok: found[index] !== null, what: `the VPN has ${network}` }));
      },
      close: async () => {},
    };
  },
});
