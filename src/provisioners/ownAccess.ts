import type { Residue } from '../domain/grant.ts';
import type { Instant } from '../domain/terms.ts';
import type { Holding } from '../ports/targets.ts';
import { OWN } from '../wording/targets/own.ts';
import { attemptAll } from './attemptAll.ts';
import { documentFor, type OwnAsking } from './ownAsking.ts';
import { ownIds } from './ownIds.ts';
import { ownResidue } from './ownResidue.ts';
import type { Grants, Manners } from './protocol.ts';
import type { Access, Use } from './provisioner.ts';
import { underWayBook } from './underWay.ts';

/** Access at the team's own service or program, by the ids that it gives. */
export class OwnAccess {
  readonly #name: string;
  readonly #asking: OwnAsking;
  readonly #own: ReturnType<typeof ownIds>;
  readonly #residue: ReturnType<typeof ownResidue>;
  readonly #underWay: ReturnType<typeof underWayBook>;

  constructor(
    asking: OwnAsking,
    { name, heldUpFor }: Pick<Manners, 'name' | 'heldUpFor'>,
    { ids, clock }: Pick<Use, 'ids' | 'clock'>,
  ) {
    this.#name = name;
    this.#asking = asking;
    this.#own = ownIds(ids);
    this.#residue = ownResidue(ids);
    this.#underWay = underWayBook(ids, { now: clock.now, lastsFor: heldUpFor });
  }

  async give(one: Access<Grants>, expiresAt: Instant): Promise<{ account: string }> {
    const [known = null] = await this.#own.of(one.grantId);
    const answer = await this.#underWay.during(one.grantId, () =>
      this.#asking.state('grant', documentFor('grant', one, expiresAt), one.grantId, known),
    );
    // Recorded in any case: what has an id there can be ended by it.
    if (typeof answer.id === 'string') await this.#own.keep(one.grantId, answer.id);
    if (!answer.active) throw new Error(OWN.grantInactive(this.#name));
    if (known !== null && typeof answer.id === 'string' && answer.id !== known)
      throw new Error(OWN.otherId(this.#name, answer.id, known));
    return { account: answer.account || one.person.email };
  }

  async takeBack(one: Access<Grants>): Promise<{ left: readonly Residue[] }> {
    const document = documentFor('revoke', one, null);
    await attemptAll(await this.#own.of(one.grantId), async (id) => {
      const { active, left } = await this.#asking.state('revoke', document, one.grantId, id);
      await this.#residue.keep(one.grantId, left ?? []);
      if (active) throw new Error(OWN.revokeActive(this.#name));
    });
    await this.#underWay.checkOver(one.grantId, this.#name);
    return { left: await this.#residue.of(one.grantId) };
  }

  async isActive(one: Access<Grants>): Promise<boolean> {
    const document = documentFor('status', one, null);
    for (const id of await this.#own.of(one.grantId))
      if ((await this.#asking.state('status', document, one.grantId, id)).active) return true;
    return false;
  }

  /** A target that gives ids now may also give one for an earlier grant. */
  async stamp(one: Access<Grants>): Promise<void> {
    const [known = null] = await this.#own.of(one.grantId);
    if (known !== null) return;
    const { active, id } = await this.#asking.state('status', documentFor('status', one, null), one.grantId, null);
    if (active && typeof id === 'string') await this.#own.keep(one.grantId, id);
  }

  async remove({ account, role, grantId }: Holding, grants: Grants | null): Promise<void> {
    const document = { action: 'remove', account, role, grants, grant_id: grantId };
    await attemptAll(grantId === null ? [null] : await this.#own.of(grantId), async (id) => {
      const { active } = await this.#asking.state('remove', document, grantId, id);
      if (active) throw new Error(OWN.stillHolds(this.#name, account, role ?? 'it'));
    });
  }
}
