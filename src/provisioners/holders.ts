import type { Holding } from '../ports/targets.ts';
import type { ListedRole } from './provisioner.ts';
import type { Member, Roster } from './roster.ts';
import type { Seats } from './seats.ts';

/** Who is in the seats of each role, through which grant or as standing access. */
export async function holdersOf<Role>(
  roster: Roster<Role>,
  seats: Seats,
  roles: readonly ListedRole<Role>[],
): Promise<Holding[]> {
  /** By its name in the policy file. */
  const places = new Map<string, { readonly id: string; readonly members: ReadonlyMap<string, Member> }>();
  for (const name of new Set(roles.flatMap(({ role }) => roster.seats(role).map((seat) => seat.place)))) {
    const id = await roster.placeId(name);
    places.set(name, { id, members: new Map((await roster.members(id)).map((member) => [member.id, member])) });
  }
  const holdings: Holding[] = [];
  for (const { roleKey, role } of roles) {
    const wanted = roster.seats(role).flatMap(({ place, level }) => {
      const found = places.get(place);
      return found ? [{ ...found, level }] : [];
    });
    const [first] = wanted;
    for (const { id, account } of first?.members.values() ?? [])
      holdings.push(...(await holdingsOf(seats, wanted, roleKey, { id, account })));
  }
  return holdings;
}

interface Wanted {
  readonly id: string;
  readonly level: string;
  readonly members: ReadonlyMap<string, Member>;
}

async function holdingsOf(
  { at, rank }: Seats,
  wanted: readonly Wanted[],
  role: string,
  { id: person, account }: Pick<Member, 'id' | 'account'>,
): Promise<Holding[]> {
  const taken = await Promise.all(wanted.map(({ id }) => at(id, person)));
  const grants = new Set(taken.flat().flatMap((record) => (record.role === role ? [record.grantId] : [])));
  const standing = wanted.every(({ level, members }, index) => {
    const [record] = taken[index] ?? [];
    return rank(record ? record.before : (members.get(person)?.level ?? null)) >= rank(level);
  });
  return [
    ...[...grants].map((grantId) => ({ account, role, grantId })),
    ...(standing ? [{ account, role, grantId: null }] : []),
  ];
}
