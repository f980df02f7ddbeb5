/* Asks the device for a passkey and sends its answer with the form around it. Without this script
   the page works with passphrase and code. The PRF output goes into a hidden field and nowhere else. */
(function () {
  "use strict";

  var box = document.querySelector("[data-passkey]");
  if (!box || !window.PublicKeyCredential || !navigator.credentials) {
    return;
  }
  var form = box.closest("form");
  var asked = JSON.parse(box.getAttribute("data-options"));
  var adds = box.getAttribute("data-passkey") === "add";
  var host = adds ? asked.rp.id : asked.rpId;
  if (host !== window.location.hostname) {
    return;
  }

  function bytes(text) {
    var plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
    return Uint8Array.from(plain, function (letter) {
      return letter.charCodeAt(0);
    });
  }

  function text(buffer) {
    var plain = String.fromCharCode.apply(null, new Uint8Array(buffer));
    return btoa(plain).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  }

  function prfOf(credential) {
    return credential.getClientExtensionResults().prf || {};
  }

  function first(prf) {
    return prf.results && prf.results.first ? text(prf.results.first) : "";
  }

  function extensions() {
    return { prf: { eval: { first: bytes(asked.extensions.prf.eval.first) } } };
  }

  function say(what) {
    box.querySelectorAll("[data-say]").forEach(function (line) {
      line.hidden = line.getAttribute("data-say") !== what;
    });
  }

  function send(credential, names, prf) {
    var response = {};
    names.forEach(function (name) {
      if (credential.response[name]) {
        response[name] = text(credential.response[name]);
      }
    });
    form.elements.passkey.value = JSON.stringify({
      id: credential.id,
      rawId: text(credential.rawId),
      type: credential.type,
      response: response,
    });
    form.elements.prf.value = prf;
    form.submit();
    form.reset(); // the post holds a copy; nothing stays for whoever goes back
  }

  function signIn() {
    var needsPassphrase = !form.elements.passphrase.value;
    var options = {
      challenge: bytes(asked.challenge),
      rpId: asked.rpId,
      userVerification: asked.userVerification,
    };
    if (needsPassphrase) {
      options.extensions = extensions();
    }
    return navigator.credentials.get({ publicKey: options }).then(function (credential) {
      var prf = needsPassphrase ? first(prfOf(credential)) : "";
      if (needsPassphrase && !prf) {
        say("passphrase");
        form.elements.passphrase.focus();
        return;
      }
      send(credential, ["clientDataJSON", "authenticatorData", "signature", "userHandle"], prf);
    });
  }

  /* Many devices say only that they have PRF when a passkey is made, and compute it when asked again. */
  function evaluated(credential) {
    var prf = prfOf(credential);
    if (!prf.enabled || first(prf)) {
      return Promise.resolve(first(prf));
    }
    var options = {
      challenge: crypto.getRandomValues(new Uint8Array(32)),
      rpId: asked.rp.id,
      allowCredentials: [{ type: "public-key", id: credential.rawId }],
      userVerification: "required",
      extensions: extensions(),
    };
    return navigator.credentials.get({ publicKey: options }).then(function (answer) {
      return first(prfOf(answer));
    });
  }

  function add() {
    var options = Object.assign({}, asked, {
      challenge: bytes(asked.challenge),
      user: Object.assign({}, asked.user, { id: bytes(asked.user.id) }),
      excludeCredentials: (asked.excludeCredentials || []).map(function (held) {
        return { type: held.type, id: bytes(held.id) };
      }),
      extensions: extensions(),
    });
    return navigator.credentials.create({ publicKey: options }).then(function (credential) {
      return evaluated(credential).then(function (prf) {
        send(credential, ["clientDataJSON", "attestationObject"], prf);
      });
    });
  }

  box.hidden = false;
  document.querySelectorAll("[data-without]").forEach(function (line) {
    line.hidden = true;
  });
  box.querySelector("button").addEventListener("click", function (event) {
    event.preventDefault();
    if (!form.reportValidity()) {
      return;
    }
    say("");
    (adds ? add() : signIn()).catch(function () {
      say("failed");
    });
  });
})();
