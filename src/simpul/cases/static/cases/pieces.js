/* Sends a large file in pieces, and goes on where it stopped. Without it the form sends up to 8 MB.
   Small files that are cleaned at the server are left to the form: they must come whole. */
(function () {
  "use strict";

  var form = document.querySelector("form[data-simpul-pieces]");
  if (!form || !window.crypto || !window.crypto.subtle || !window.fetch) {
    return;
  }
  var said = form.dataset;
  var size = Number(said.pieceSize);
  var progress = form.querySelector("[data-simpul-progress]");
  var button = form.querySelector("button");
  var token = form.elements.csrfmiddlewaretoken.value;

  function tell(text) {
    progress.textContent = text;
  }

  function isWhole(file) {
    var ending = file.name.split(".").pop().toLowerCase();
    return file.size <= Number(said.wholeSize) && said.whole.split(" ").indexOf(ending) >= 0;
  }

  function hex(buffer) {
    return Array.from(new Uint8Array(buffer), function (byte) {
      return byte.toString(16).padStart(2, "0");
    }).join("");
  }

  async function digests(file) {
    var found = [];
    for (var at = 0; at < file.size; at += size) {
      var piece = await file.slice(at, at + size).arrayBuffer();
      found.push(hex(await window.crypto.subtle.digest("SHA-256", piece)));
    }
    return found;
  }

  async function post(url, fields) {
    var body = new FormData();
    Object.keys(fields).forEach(function (name) {
      body.append(name, fields[name]);
    });
    var response = await fetch(url, {
      method: "POST", body: body, headers: { "X-CSRFToken": token }, redirect: "error",
    });
    var kind = response.headers.get("Content-Type") || "";
    if (kind.indexOf("application/json") !== 0) {
      throw new Error(response.status >= 500 ? said.broken : said.ended);
    }
    var answer = await response.json();
    if (!response.ok) {
      throw new Error(answer.sentence);
    }
    return answer;
  }

  async function send(file) {
    if (file.size > Number(said.most)) {
      throw new Error(said.large);
    }
    tell(said.reading);
    var ref = form.elements.ref.value;
    var all = await digests(file);
    var answer = await post(said.simpulPieces, {
      ref: ref, compartment: form.elements.compartment.value, name: file.name.slice(-120),
      size: file.size, digests: all.join(" "),
    });
    var done = answer.there.length;
    for (var number = 0; number < all.length; number++) {
      if (answer.there.indexOf(number) < 0) {
        var url = said.simpulPieces.replace(/begin\/$/, ref + "/" + number + "/");
        await post(url, { piece: file.slice(number * size, (number + 1) * size) });
        done++;
      }
      tell(said.sending.replace("{done}", done).replace("{all}", all.length));
    }
    tell(said.done);
    window.location.assign(form.action);
  }

  form.addEventListener("submit", function (event) {
    var file = form.elements.file.files[0];
    if (!file || isWhole(file)) {
      return;
    }
    event.preventDefault();
    button.disabled = true;
    send(file).catch(function (error) {
      tell(error instanceof TypeError ? said.broken : error.message);
      button.disabled = false;
    });
  });
})();
