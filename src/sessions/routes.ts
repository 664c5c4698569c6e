// The session routes: members' own devices and settings, and everyone's sessions for operators.
import type { Route } from '../http/routes.ts';
import type { PersonTable } from '../store/contract.ts';
import { deleteAnySession, listAllSessions, revokePerson } from './pages/api-everyone.ts';
import { apiMe, deleteOwnSession, listOwnSessions, revokeOtherSessions } from './pages/api-sessions.ts';
import { type DashboardOptions, dashboardPage } from './pages/dashboard.ts';
import { confirmEndOtherDevices, devicesPage, endDevice, endOtherDevices } from './pages/devices.ts';
import { confirmLogout, type LogoutOptions, logout } from './pages/logout.ts';
import { devicesSeen, endNotMine, notMinePage } from './pages/new-devices.ts';
import {
  confirmEndAll,
  confirmEndThePerson,
  endAll,
  endAnyDevice,
  endThePerson,
  type RadarOptions,
  radarPage,
} from './pages/radar.ts';
import { anyReceiptPage, ownReceiptPage, type ReceiptPageOptions } from './pages/receipt.ts';
import { type SettingsOptions, saveSettings, settingsPage } from './pages/settings.ts';

export type SessionRouteOptions = DashboardOptions &
  RadarOptions &
  LogoutOptions &
  ReceiptPageOptions &
  SettingsOptions & { readonly people: PersonTable };

const member = { who: 'member' } as const;
const operator = { who: 'operator' } as const;

export const sessionRoutes: readonly Route<SessionRouteOptions>[] = [
  {
    ...member,
    method: 'GET',
    path: '/dashboard',
    does: 'this session at a glance',
    isFast: true,
    handler: dashboardPage,
  },
  {
    ...member,
    method: 'GET',
    path: '/settings',
    does: 'the look, and how long this device stays',
    handler: settingsPage,
  },
  {
    ...member,
    method: 'POST',
    path: '/settings',
    page: '/settings',
    does: 'saves them',
    handler: saveSettings,
  },
  { ...member, method: 'GET', path: '/logout', does: 'asks whether to sign out', handler: confirmLogout },
  {
    ...member,
    method: 'POST',
    path: '/logout',
    page: '/logout',
    does: 'signs this device out',
    handler: logout,
  },

  {
    ...member,
    method: 'GET',
    path: '/devices',
    does: 'where you are signed in',
    isFast: true,
    handler: devicesPage,
  },
  {
    ...member,
    method: 'POST',
    path: '/devices/end',
    page: '/devices',
    does: 'ends one of your devices',
    handler: endDevice,
  },
  {
    ...member,
    method: 'GET',
    path: '/devices/end-others',
    does: 'asks before all others end',
    handler: confirmEndOtherDevices,
  },
  {
    ...member,
    method: 'POST',
    path: '/devices/end-others',
    page: '/devices/end-others',
    does: 'ends all your other devices',
    handler: endOtherDevices,
  },
  {
    ...member,
    method: 'GET',
    path: '/devices/receipt',
    does: 'how the endings went',
    handler: ownReceiptPage,
  },
  {
    ...member,
    method: 'POST',
    path: '/devices/seen',
    page: '/dashboard',
    does: 'says that the new devices are yours',
    handler: devicesSeen,
  },
  {
    ...member,
    method: 'GET',
    path: '/devices/not-me',
    does: 'what to do about a device that is not yours',
    handler: notMinePage,
  },
  {
    ...member,
    method: 'POST',
    path: '/devices/not-me',
    page: '/dashboard',
    does: 'ends a device that is not yours',
    handler: endNotMine,
  },

  {
    ...member,
    method: 'GET',
    path: '/api/me',
    does: 'who asks, by which session, and the token for changes',
    handler: apiMe,
  },
  { ...member, method: 'GET', path: '/api/sessions', does: 'your sessions', handler: listOwnSessions },
  {
    ...member,
    method: 'POST',
    path: '/api/sessions/revoke-others',
    does: 'ends all your other sessions',
    handler: revokeOtherSessions,
  },
  {
    ...member,
    method: 'DELETE',
    path: '/api/sessions/:handle',
    does: 'ends one of your sessions',
    handler: deleteOwnSession,
  },

  { ...operator, method: 'GET', path: '/radar', does: 'everyone who is signed in', handler: radarPage },
  {
    ...operator,
    method: 'POST',
    path: '/radar/end',
    page: '/radar',
    does: 'ends anybody’s device',
    handler: endAnyDevice,
  },
  {
    ...operator,
    method: 'GET',
    path: '/radar/end-person',
    does: 'asks before a person is signed out',
    handler: confirmEndThePerson,
  },
  {
    ...operator,
    method: 'POST',
    path: '/radar/end-person',
    page: '/radar',
    does: 'ends all of a person’s devices',
    handler: endThePerson,
  },
  {
    ...operator,
    method: 'GET',
    path: '/radar/end-everyone',
    does: 'asks before everyone is signed out',
    handler: confirmEndAll,
  },
  {
    ...operator,
    method: 'POST',
    path: '/radar/end-everyone',
    page: '/radar/end-everyone',
    does: 'ends everyone’s devices but this one',
    handler: endAll,
  },
  {
    ...operator,
    method: 'GET',
    path: '/radar/receipt',
    does: 'how the endings went',
    handler: anyReceiptPage,
  },
  {
    ...operator,
    method: 'GET',
    path: '/api/admin/sessions',
    does: 'everyone’s sessions, a page at a time',
    handler: listAllSessions,
  },
  {
    ...operator,
    method: 'DELETE',
    path: '/api/admin/sessions/:handle',
    does: 'ends anybody’s session',
    handler: deleteAnySession,
  },
  {
    ...operator,
    method: 'POST',
    path: '/api/admin/users/:id/revoke',
    does: 'ends all of a person’s sessions',
    handler: revokePerson,
  },
];
