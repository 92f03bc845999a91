// A relying party built on openid-client (https://github.com/panva/openid-client), and the browser of a person who logs
// in at it: what the programs in this folder share. Settings have the names of what `mockpsc serve --json` prints.

import { readFileSync } from 'node:fs'
import * as client from 'openid-client'
import { Agent, fetch } from 'undici'

/** What connects the relying party: it trusts the mock, and presents the client's certificate if there is one. */
export function backChannel({ ca_file, client_cert_file, client_key_file }, options = {}) {
  const own = client_cert_file && { cert: readFileSync(client_cert_file), key: readFileSync(client_key_file) }
  return new Agent({ connect: { ca: readFileSync(ca_file), ...own, ...options } })
}

/** What connects the browser, which has no client certificate. */
export function frontChannel({ ca_file }, options = {}) {
  return backChannel({ ca_file }, options)
}

/** Discovery. The certificate is in the dispatcher; `TlsClientAuth` puts the client id in the form, and no secret. */
export function discover({ discovery_url, client_id, timeout }, dispatcher) {
  return client.discovery(
    new URL(discovery_url),
    client_id,
    { use_mtls_endpoint_aliases: true },
    client.TlsClientAuth(),
    {
      [client.customFetch]: (url, options) => fetch(url, { ...options, dispatcher }),
      execute: [client.enableNonRepudiationChecks], // verifies the signatures of ID tokens
      ...(timeout && { timeout }), // in seconds
    },
  )
}

/** Where to send the browser so that the person logs in, and what to check in the answers. */
export async function ask(config, { redirect_uri, login_hint }) {
  const checks = {
    expectedState: client.randomState(),
    expectedNonce: client.randomNonce(),
    pkceCodeVerifier: client.randomPKCECodeVerifier(),
  }
  const url = client.buildAuthorizationUrl(config, {
    redirect_uri,
    scope: 'openid scope_all',
    acr_values: 'eidas1',
    state: checks.expectedState,
    nonce: checks.expectedNonce,
    code_challenge: await client.calculatePKCECodeChallenge(checks.pkceCodeVerifier),
    code_challenge_method: 'S256',
    ...(login_hint && { login_hint }),
  })
  return { url, checks }
}

/** Where to send the browser so that the person logs out. */
export function askToLogOut(config, { post_logout_redirect_uri }, id_token) {
  return client.buildEndSessionUrl(config, { id_token_hint: id_token, post_logout_redirect_uri, state: 'bye' })
}

/** Opens a URL in the browser: where that is sent, after the login page if it is shown that. */
export async function browse(url, dispatcher, { timeout } = {}) {
  const options = () => ({ dispatcher, redirect: 'manual', signal: timeout && AbortSignal.timeout(timeout * 1000) })
  let response = await fetch(url, options())
  const page = await response.text()
  const [, action] = page.match(/<form method="post" action="([^"]+)"/) ?? []
  const [, persona] = page.match(/name="persona" value="([^"]+)"/) ?? []
  if (persona) {
    const form = { method: 'POST', body: new URLSearchParams({ persona }) }
    response = await fetch(new URL(action.replaceAll('&amp;', '&'), url), { ...options(), ...form })
  }
  const location = response.headers.get('location')
  if (!location) throw Object.assign(new Error(`the browser got a page, HTTP ${response.status}`), { response })
  return new URL(location)
}
