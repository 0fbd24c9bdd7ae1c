/** One story through every screen, as a person clicks it: the pictures are taken on its way. */
import type { Locator } from 'playwright-core';
import type { WorkspacePage } from '../support/workspacePage.ts';

/** Takes a picture of the page as it stands. */
export type Shoot = (name: string) => Promise<void>;

/** The person who asks is on the left, whoever answers on the right; a phone shows one of them at a time. */
type Side = 0 | 1;

export interface Stage {
  readonly workspace: WorkspacePage;
  readonly shoot: Shoot;
  /** Shows this person, with this channel or Home open. */
  as(side: Side, person: string, place: string): Promise<Locator>;
}

export function createStage(workspace: WorkspacePage, shoot: Shoot): Stage {
  const { page, pane } = workspace;
  const isPhone = (page.viewportSize()?.width ?? 0) < 760;
  return {
    workspace,
    shoot,
    async as(side, person, place) {
      const here = pane(isPhone ? 0 : side);
      const open = async () => {
        if (!(await here.locator('.sidebar').isVisible())) await here.getByRole('button', { name: 'Channels' }).click();
      };
      await open();
      await here.getByLabel('You are').selectOption(person);
      await open();
      await here.locator(`[data-place="${place}"]`).click();
      return here;
    },
  };
}

export async function wholeStory(stage: Stage): Promise<void> {
  await anasRequest(stage);
  await bensReview(stage);
  await breakGlass(stage);
  await administration(stage);
  await theRecord(stage);
}

const act = (where: Locator, action: string) => where.locator(`[data-action="${action}"]`);
/** Closes what is open. A form on top of another gives way to the lower one. */
async function closeForm({ workspace: { page } }: Stage): Promise<void> {
  while ((await page.locator('.modal').count()) > 0) {
    const title = await page.locator('.modal').last().getAttribute('aria-label');
    // Not its button: an answer may take the place of the form meanwhile.
    await page.keyboard.press('Escape');
    await page.locator(`.modal[aria-label="${title}"]`).waitFor({ state: 'detached' });
  }
}
const submit = (form: Locator) => form.locator('button[type="submit"]');

async function askFor(stage: Stage, pane: Locator, what: string, why: string): Promise<Locator> {
  await stage.workspace.say(pane, '/jit');
  const form = pane.getByRole('dialog');
  const role = act(form, 'request_role');
  await role.pressSequentially(what);
  await form.getByRole('option').first().waitFor();
  await stage.shoot('request-options');
  await role.press('Enter');
  await act(form, 'request_duration').waitFor();
  await act(form, 'request_reason').fill(why);
  return form;
}

/** Ana is on call: at once. */
async function anasRequest(stage: Stage): Promise<void> {
  const { shoot, workspace } = stage;
  const { page } = workspace;
  await shoot('first-page');
  let ana = await stage.as(0, 'U0ANA', 'C0GENERAL');
  const form = await askFor(stage, ana, 'payments read', 'Checkout is slow, looking for stuck payments');
  await shoot('request-automatic');
  await submit(form).click();
  await submit(form).waitFor({ state: 'detached' });
  await page.locator('.unread[data-place="D0ANA"]').waitFor({ state: 'attached' });
  await act(ana, 'grant_credential').first().waitFor();
  await shoot('request-answer');
  await closeForm(stage);
  ana = await stage.as(0, 'U0ANA', 'D0ANA');
  await act(ana, 'grant_credential').first().waitFor();
  await shoot('granted');
  await act(ana, 'grant_credential').first().click();
  await ana
    .getByRole('dialog')
    .getByText(/postgres:/)
    .first()
    .waitFor();
  await shoot('credentials');
  await closeForm(stage);
  await act(ana, 'grant_extend').first().click();
  await ana.getByRole('dialog').waitFor();
  await shoot('extend');
  await closeForm(stage);
  await stage.as(0, 'U0ANA', 'home');
  await act(ana, 'grant_end').first().waitFor();
  await shoot('home');
  ana = await stage.as(0, 'U0ANA', 'C0GENERAL');
  await workspace.say(ana, '/jit list');
  await ana.locator('.message.ephemeral').first().waitFor();
  await workspace.say(ana, '/jit help');
  await ana.locator('.message.ephemeral').nth(1).waitFor();
  await shoot('list-and-help');
  await act(ana, 'grant_end').first().click();
  await page.getByRole('alertdialog').waitFor();
  await shoot('question');
  await page.keyboard.press('Escape');
}

/** Ben is not on call: Chloé decides. */
async function bensReview(stage: Stage): Promise<void> {
  const { shoot } = stage;
  const { page } = stage.workspace;
  const twoPeople = page.getByRole('button', { name: 'Two people' });
  const isPhone = (page.viewportSize()?.width ?? 0) < 760;
  if (!isPhone) {
    await twoPeople.click();
    // Two people beside the world leave each too little room.
    await page.getByRole('button', { name: 'The world' }).click();
  }
  let ben = await stage.as(0, 'U0BEN', 'C0GENERAL');
  const form = await askFor(stage, ben, 'payments read', 'Customer 4411 was charged twice, checking their rows');
  await shoot('request-reviewed');
  await act(form, 'request_options').click();
  await act(form, 'request_more').waitFor();
  await shoot('request-more-options');
  await submit(form).click();
  await submit(form).waitFor({ state: 'detached' });
  await closeForm(stage);
  ben = await stage.as(0, 'U0BEN', 'D0BEN');
  await shoot('waiting');
  const chloe = await stage.as(1, 'U0CHLOE', 'C0ACCESS');
  await act(chloe, 'review_approve').waitFor();
  await shoot('review');
  for (const action of ['review_change', 'review_deny']) {
    await act(chloe, action).click();
    await chloe.getByRole('dialog').waitFor();
    await shoot(action.replace('_', '-'));
    await closeForm(stage);
  }
  await act(chloe, 'review_approve').click();
  await act(chloe, 'review_approve').waitFor({ state: 'detached' });
  await shoot('approved');
  ben = await stage.as(0, 'U0BEN', 'D0BEN');
  await act(ben, 'grant_credential').first().waitFor();
  await shoot('approved-requester');
}

/** Ben breaks the glass; Eve reviews the use. */
async function breakGlass(stage: Stage): Promise<void> {
  const { shoot, workspace } = stage;
  const ben = await stage.as(0, 'U0BEN', 'C0GENERAL');
  await workspace.say(ben, '/jit break-glass payments admin 20m Checkout is down and the queue has to be cleared');
  await ben.locator('.message.ephemeral').first().waitFor();
  await shoot('break-glass-used');
  const eve = await stage.as(1, 'U0EVE', 'C0ACCESS');
  await act(eve, 'use_justified').waitFor();
  await shoot('break-glass');
  await act(eve, 'use_justified').click();
  await eve.getByRole('dialog').waitFor();
  await shoot('break-glass-review');
  await closeForm(stage);
}

async function administration(stage: Stage): Promise<void> {
  const { shoot, workspace } = stage;
  const eve = await stage.as(1, 'U0EVE', 'C0GENERAL');
  await workspace.say(eve, '/jit admin');
  await act(eve, 'admin_freeze').waitFor();
  await shoot('admin');
  await act(eve, 'admin_freeze').click();
  await act(eve, 'admin_freeze').waitFor({ state: 'detached' });
  await shoot('admin-freeze');
  await closeForm(stage);
  await workspace.say(eve, '/jit access-review');
  const start = eve.getByRole('dialog');
  await submit(start).click();
  await submit(start).waitFor({ state: 'detached' });
  await closeForm(stage);
  await stage.as(1, 'U0EVE', 'C0ACCESS');
  await act(eve, 'access_review_keep_all').last().waitFor();
  await act(eve, 'access_review_keep_all').last().scrollIntoViewIfNeeded();
  await shoot('access-review');
  await stage.as(1, 'U0EVE', 'D0EVE');
  await act(eve, 'open_card').last().waitFor();
  await shoot('access-review-owner');
}

async function theRecord(stage: Stage): Promise<void> {
  const { shoot, workspace } = stage;
  const { page } = workspace;
  const eve = await stage.as(1, 'U0EVE', 'C0AUDIT');
  await eve.locator('.message').nth(3).waitFor();
  await shoot('audit');
  await workspace.say(eve, '/jit audit payments-db 30d');
  await eve.locator('.message.ephemeral').first().waitFor();
  await shoot('audit-question');
  await page.getByRole('button', { name: 'The world' }).click();
  await page.locator('.world td.yes').first().waitFor();
  await shoot('world');
}
