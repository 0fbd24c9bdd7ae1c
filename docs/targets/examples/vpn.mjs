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

  connect({ url, token, account }, { seats, ids, polling, accountOf }) {
    // Whatever is not the answer that is expected throws: "not found" is not "gone".
    const things = z.array(z.object({ id: z.string().min(1), name: z.string() }));
    async function call(method, path, expected) {
      const response = await fetch(new URL(path, url), {
        method,
        headers: { authorization: `Bearer ${token}` },
        redirect: 'error',
        signal: AbortSignal.timeout(10_000),
      }).catch((error) => {
        throw new Error(`the VPN at ${url} cannot be reached`, { cause: error });
      });
      if (!expected.includes(response.status))
        throw new Error(`the VPN at ${url} answered ${method} ${path} with ${response.status}`);
      return response.status === 200 ? things.parse(await response.json()) : [];
    }
    const find = async (what, name) => {
      const [found, another] = await call('GET', `/${what}?name=${encodeURIComponent(name)}`, [200]);
      if (another) throw new TargetRefusal(`the VPN at ${url} has several ${what} called ${name}`);
      if (found?.name !== name) throw new TargetRefusal(`the VPN at ${url} has no ${what} called ${name}`);
      return found.id;
    };
    const membersOf = (network) => call('GET', `/networks/${network}/members`, [200]);

    // `membership` makes grant, revoke, isActive, list and remove of these. It is what keeps access that was there before,
    // and what another grant gives. Names only say whom and what is meant when access is given; from then on it goes by ids.
    const roster = {
      scope: `vpn ${url}`,
      levels: ['member'],
      expires: false,
      seats: ({ networks }) => networks.map((place) => ({ place, level: 'member' })),
      placeId: (name) => find('networks', name),
      personId: (name) => find('people', name),
      level: async (network, person) => ((await membersOf(network)).some(({ id }) => id === person) ? 'member' : null),
      set: (network, person, level) =>
        call(
          level === null ? 'DELETE' : 'PUT',
          `/networks/${network}/members/${person}`,
          level === null ? [204, 404] : [204],
        ),
      members: async (network) =>
        (await membersOf(network)).map(({ id, name }) => ({ id, account: name, level: 'member' })),
    };
    return {
      ...membership(roster, { seats, ids, polling, accountOf: ({ person }) => accountOf(account, person) }),
      // For `jitbot doctor`: proves what it can without changing anything.
      check: async (roles) => {
        const networks = [...new Set(roles.flatMap(({ role }) => role.networks))];
        for (const name of networks) await membersOf(await find('networks', name));
        return networks.map((name) => ({ ok: true, what: `the VPN shows who is in ${name}` }));
      },
      close: async () => {},
    };
  },
});
