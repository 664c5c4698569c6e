// The rows of the guard's pages: the launcher for members, and the rules of the apps for operators.
import type { Route } from '../../http/routes.ts';
import { allowApp, confirmAllow } from './allow.ts';
import { appPage } from './app-page.ts';
import { type CloseOptions, closeApp, confirmEndApp, endApp } from './endings.ts';
import {
  confirmDeleteGroup,
  confirmLeave,
  createGroup,
  deleteGroup,
  groupPage,
  joinGroup,
  leaveGroup,
} from './groups.ts';
import { launcherPage } from './launcher.ts';
import type { LauncherOptions, RulePagesOptions } from './options.ts';
import { confirmRemoveRule, removeRule } from './remove.ts';
import { rulesPage } from './rules.ts';

const operator = { who: 'operator' } as const;

export const launcherRoutes: readonly Route<LauncherOptions>[] = [
  {
    who: 'member',
    method: 'GET',
    path: '/apps',
    does: 'the apps that you may open',
    isFast: true,
    handler: launcherPage,
  },
];

export const closeRoutes: readonly Route<CloseOptions>[] = [
  {
    who: 'member',
    method: 'POST',
    path: '/devices/close',
    page: '/devices',
    does: 'closes an app on one of your devices',
    handler: closeApp,
  },
];

export const ruleRoutes: readonly Route<RulePagesOptions>[] = [
  { ...operator, method: 'GET', path: '/app-rules', does: 'who may open which app', handler: rulesPage },
  {
    ...operator,
    method: 'GET',
    path: '/app-rules/apps/:app',
    does: 'who may open an app, and what the apps file says about it',
    handler: appPage,
  },
  {
    ...operator,
    method: 'GET',
    path: '/app-rules/allow',
    does: 'asks before a right is given or its last day changed, and says who would have been refused',
    handler: confirmAllow,
  },
  {
    ...operator,
    method: 'POST',
    path: '/app-rules/allow',
    page: '/app-rules',
    does: 'lets a person, a group or everyone open an app, for ever or until a day',
    handler: allowApp,
  },
  {
    ...operator,
    method: 'GET',
    path: '/app-rules/remove',
    does: 'asks before an app is taken away from somebody',
    handler: confirmRemoveRule,
  },
  {
    ...operator,
    method: 'POST',
    path: '/app-rules/remove',
    page: '/app-rules',
    does: 'takes an app away from a person, a group or everyone',
    handler: removeRule,
  },
  {
    ...operator,
    method: 'GET',
    path: '/app-rules/end',
    does: 'asks before the use of an app is ended',
    handler: confirmEndApp,
  },
  {
    ...operator,
    method: 'POST',
    path: '/app-rules/end',
    page: '/app-rules',
    does: 'ends the use of an app, by everyone or by one person',
    handler: endApp,
  },
  {
    ...operator,
    method: 'GET',
    path: '/app-rules/groups/leave',
    does: 'asks before a person is taken out of a group',
    handler: confirmLeave,
  },
  {
    ...operator,
    method: 'POST',
    path: '/app-rules/groups/leave',
    page: '/app-rules',
    does: 'takes a person out of a group',
    handler: leaveGroup,
  },
  {
    ...operator,
    method: 'GET',
    path: '/app-rules/groups/delete',
    does: 'asks before a group is deleted',
    handler: confirmDeleteGroup,
  },
  {
    ...operator,
    method: 'POST',
    path: '/app-rules/groups/delete',
    page: '/app-rules',
    does: 'deletes a group that no app names',
    handler: deleteGroup,
  },
  {
    ...operator,
    method: 'POST',
    path: '/app-rules/groups/create',
    page: '/app-rules',
    does: 'makes a group',
    handler: createGroup,
  },
  {
    ...operator,
    method: 'POST',
    path: '/app-rules/groups/join',
    page: '/app-rules',
    does: 'puts a person into a group',
    handler: joinGroup,
  },
  {
    ...operator,
    method: 'GET',
    path: '/app-rules/groups/:group',
    does: 'who is in a group',
    handler: groupPage,
  },
];
