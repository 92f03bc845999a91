// A login at mockpsc with openid-client (https://github.com/panva/openid-client), and a logout, step by step:
//
//   mockpsc serve --json | node login.mjs
//   node login.mjs --redirect_uri https://app.example.test/callback --login_hint 899700000013 < psc.json
//
// It reads the line of JSON that `mockpsc serve --json` prints, whose members arguments override, and prints a report
// of the steps in JSON. When one fails, the report ends with the error, its code and its causes, and the status is 1.

import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import * as client from 'openid-client'
import { Agent, fetch } from 'undici'

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

/** Discovery. The certificate is in the dispatcher; `TlsClientAuth` puts the client id in the form, and no secret. */
function discover(settings) {
  const ca = readFileSync(settings.ca_file)
  const own = settings.client_cert_file && {
    cert: readFileSync(settings.client_cert_file),
    key: readFileSync(settings.client_key_file),
  }
  const dispatcher = new Agent({ connect: { ca, ...own } })
  return client.discovery(
    new URL(settings.discovery_url),
    settings.client_id,
    { use_mtls_endpoint_aliases: true },
    client.TlsClientAuth(),
    {
      [client.customFetch]: (url, options) => fetch(url, { ...options, dispatcher }),
      execute: [client.enableNonRepudiationChecks], // verifies the signatures of ID tokens
    },
  )
}

async function logIn(config, settings, report) {
  const pkceCodeVerifier = client.randomPKCECodeVerifier()
  const expectedState = client.randomState()
  const expectedNonce = client.randomNonce()
  const url = client.buildAuthorizationUrl(config, {
    redirect_uri: settings.redirect_uri,
    scope: 'openid scope_all',
    acr_values: 'eidas1',
    state: expectedState,
    nonce: expectedNonce,
    code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
    ...(settings.login_hint && { login_hint: settings.login_hint }),
  })
  const callback = await browse(url, settings)
  report.callback = Object.fromEntries(callback.searchParams)

  const current = new URL(callback.search, settings.callback_url ?? callback)
  for (const [name, value] of new URLSearchParams(settings.answer)) current.searchParams.set(name, value)
  const checks = { expectedState, expectedNonce, pkceCodeVerifier: settings.code_verifier ?? pkceCodeVerifier }
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

async function logOut(config, settings, tokens, report) {
  const url = client.buildEndSessionUrl(config, {
    id_token_hint: tokens.id_token,
    post_logout_redirect_uri: settings.post_logout_redirect_uri,
    state: 'bye',
  })
  report.logout = await browse(url, settings)
  report.introspection_after_logout = await client.tokenIntrospection(config, tokens.access_token)
}

/** A browser, which has no client certificate: where it is sent, after the login page if it is shown that. */
async function browse(url, settings) {
  const dispatcher = new Agent({ connect: { ca: readFileSync(settings.ca_file) } })
  let response = await fetch(url, { dispatcher, redirect: 'manual' })
  const page = await response.text()
  const [, action] = page.match(/<form method="post" action="([^"]+)"/) ?? []
  const [, persona] = page.match(/name="persona" value="([^"]+)"/) ?? []
  if (persona) {
    const form = { method: 'POST', body: new URLSearchParams({ persona }) }
    response = await fetch(new URL(action.replaceAll('&amp;', '&'), url), { dispatcher, redirect: 'manual', ...form })
  }
  const location = response.headers.get('location')
  if (!location) throw Object.assign(new Error(`the browser got a page, HTTP ${response.status}`), { response })
  return new URL(location)
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
  const config = await discover(settings)
  report.issuer = config.serverMetadata().issuer
  const tokens = await logIn(config, settings, report)
  const renewed = await useTokens(config, tokens, report)
  await logOut(config, settings, renewed, report)
} catch (error) {
  report.error = describe(error)
  process.exitCode = 1
}
console.log(JSON.stringify(report, null, 2))
