// Logs in and out with openid-client, once for each line of JSON that it reads: what `mockpsc serve --json` prints, with
// a `redirect_uri`, a `login_hint` and a `timeout` in seconds. Each time it prints the step that it reached, in JSON,
// and the error that stopped it there. Runs share nothing, not even a connection.

import { lookup } from 'node:dns'
import { createInterface } from 'node:readline'
import * as client from 'openid-client'
import { ask, askToLogOut, backChannel, browse, discover, frontChannel } from './relying_party.mjs'

/** All that a relying party does, each step named before it is taken. */
async function* steps(settings, dispatcher, browser) {
  yield 'discovery'
  const config = await discover(settings, dispatcher)

  yield 'authorization'
  const { url, checks } = await ask(config, settings)
  const callback = await browse(url, browser, settings)
  requireArrival(callback, settings.redirect_uri)

  yield 'token'
  const tokens = await client.authorizationCodeGrant(config, callback, checks)

  yield 'userinfo'
  await client.fetchUserInfo(config, tokens.access_token, tokens.claims().sub)

  yield 'refresh'
  const last = { ...tokens }
  if (last.refresh_token) Object.assign(last, await client.refreshTokenGrant(config, last.refresh_token))

  yield 'introspection'
  const { active } = await client.tokenIntrospection(config, last.access_token)
  if (!active) throw new Error('the token is not active')

  yield 'revocation'
  const revoked = last.refresh_token ?? last.access_token
  if (config.serverMetadata().revocation_endpoint) await client.tokenRevocation(config, revoked)

  yield 'logout'
  const goodbye = await browse(askToLogOut(config, settings, last.id_token), browser, settings)
  requireArrival(goodbye, settings.post_logout_redirect_uri)

  yield 'end'
}

/** A browser that is sent to another host does not come back to the application. */
function requireArrival(url, expected) {
  if (url.host !== new URL(expected).host) throw new Error('the browser was sent to another host')
}

/** Finds this machine only: a fault may name hosts that exist elsewhere. */
const here = {
  lookup: (host, options, found) =>
    host === 'localhost' ? lookup(host, options, found) : found(Object.assign(new Error(host), { code: 'ENOTFOUND' })),
}

async function run(settings) {
  const dispatcher = backChannel(settings, here)
  const browser = frontChannel(settings, here)
  const report = {}
  try {
    for await (report.step of steps(settings, dispatcher, browser));
  } catch (error) {
    report.error = tell(error)
  }
  await Promise.all([dispatcher.destroy(), browser.destroy()])
  return report
}

/** An error in a line that is the same each time: the library's code for it, and what its cause has as one. */
function tell(error) {
  const cause = innermost(error)
  if (!error.code && cause === error) return error.message
  const parts = [error.code, error.status && `HTTP ${error.status}`, error.error, cause !== error && label(cause, error)]
  return parts.filter(Boolean).join(', ')
}

function label(cause, error) {
  if (cause.code === error.code) return cause.message // of the library, which has one text for each check
  return typeof cause.code === 'string' ? cause.code : cause.name
}

function innermost(error) {
  return error.cause instanceof Error ? innermost(error.cause) : error
}

for await (const line of createInterface(process.stdin)) console.log(JSON.stringify(await run(JSON.parse(line))))
