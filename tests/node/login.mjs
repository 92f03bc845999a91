// A login at mockpsc with openid-client (https://github.com/panva/openid-client), and a logout, step by step:
//
//   mockpsc serve --json | node login.mjs
//   node login.mjs --redirect_uri https://app.example.test/callback --login_hint 899700000013 < psc.json
//
// It reads the line of JSON that `mockpsc serve --json` prints, whose members arguments override, and prints a report
// of the steps in JSON. When one fails, the report ends with the error, its code and its causes, and the status is 1.

import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import * as client from 'openid-client'
import { ask, askToLogOut, backChannel, browse, discover, frontChannel } from './relying_party.mjs'

const OPTIONS = [
  'ca_file',
  'client_cert_file', // without a value: no certificate is presented
  'client_key_file',
  'client_id',
  'redirect_uri',
  'post_logout_redirect_uri',
  'login_hint', // who logs in; otherwise the first person on the login page
  // Mistakes to make:
  'code_verifier', // one that was not asked with
  'callback_url', // where the application believes itself to be, as behind a reverse proxy
  'answer', // members of the authorization response to change, such as 'iss=https://another.example.test'
  'exchanges', // how often to exchange the code
]

async function readSettings() {
  const options = Object.fromEntries(OPTIONS.map((name) => [name, { type: 'string' }]))
  const { values } = parseArgs({ options })
  const { value: line } = await createInterface(process.stdin)[Symbol.asyncIterator]().next()
  process.stdin.destroy() // a mock that runs keeps it open
  const printed = JSON.parse(line)
  const redirect_uri = new URL(printed.login_url).searchParams.get('redirect_uri')
  return { redirect_uri, post_logout_redirect_uri: printed.admin_url, ...printed, ...values }
}

async function logIn(config, settings, browser, report) {
  const { url, checks } = await ask(config, settings)
  const callback = await browse(url, browser)
  report.callback = Object.fromEntries(callback.searchParams)

  const current = new URL(callback.search, settings.callback_url ?? callback)
  for (const [name, value] of new URLSearchParams(settings.answer)) current.searchParams.set(name, value)
  if (settings.code_verifier) checks.pkceCodeVerifier = settings.code_verifier
  let tokens
  for (let left = Number(settings.exchanges ?? 1); left > 0; left--) {
    tokens = await client.authorizationCodeGrant(config, current, checks)
    report.claims = tokens.claims()
  }
  return tokens
}

async function useTokens(config, tokens, report) {
  report.userinfo = await client.fetchUserInfo(config, tokens.access_token, tokens.claims().sub)
  const renewed = await client.refreshTokenGrant(config, tokens.refresh_token)
  report.refreshed = renewed.claims()
  report.introspection = await client.tokenIntrospection(config, renewed.access_token)
  return renewed
}

async function logOut(config, settings, browser, tokens, report) {
  report.logout = await browse(askToLogOut(config, settings, tokens.id_token), browser)
  report.introspection_after_logout = await client.tokenIntrospection(config, tokens.access_token)
}

/** An error with its causes, and what the mock says to do: openid-client keeps the response. */
function describe(error) {
  if (!(error instanceof Error)) return error
  const { name, code, message, status, cause } = error
  return { name, code, message, status, hint: error.response?.headers.get('mockpsc-hint'), cause: describe(cause) }
}

const report = {}
try {
  const settings = await readSettings()
  const config = await discover(settings, backChannel(settings))
  report.issuer = config.serverMetadata().issuer
  const browser = frontChannel(settings)
  const tokens = await logIn(config, settings, browser, report)
  const renewed = await useTokens(config, tokens, report)
  await logOut(config, settings, browser, renewed, report)
} catch (error) {
  report.error = describe(error)
  process.exitCode = 1
}
console.log(JSON.stringify(report, null, 2))
