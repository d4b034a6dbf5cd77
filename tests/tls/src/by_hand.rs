//! A server that is written by hand, so that it can send what no library sends.

use aes_gcm::aead::{AeadInPlace, KeyInit};
use aes_gcm::{Aes128Gcm, Nonce};
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use p256::ecdh::diffie_hellman;
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use p256::elliptic_curve::sec1::ToEncodedPoint;
use p256::pkcs8::DecodePrivateKey;
use sha2::{Digest, Sha256};

use crate::keys::Key;
use crate::net::Server;

/// One part of what the server sends after its ServerHello.
#[derive(Clone)]
pub enum Part {
    /// The message with this certificate.
    Certificate(Vec<u8>),
    /// The signature with this key over the messages so far, or over other messages.
    Signature { key: Vec<u8>, is_of_now: bool },
    /// The end of the server's handshake.
    Finished,
    /// A message of the handshake.
    Message(u8, Vec<u8>),
    /// A record that is encrypted: its content with its type.
    Encrypted(Vec<u8>),
    /// A record in clear text: its type and its content.
    Clear(u8, Vec<u8>),
    /// Bytes as they are.
    Raw(Vec<u8>),
    /// Waits until the client has sent something more.
    Wait,
}

impl Part {
    pub fn extensions() -> Self {
        Self::Message(8, vec![0, 0])
    }

    pub fn certificate(key: &Key) -> Self {
        Self::Certificate(key.certificate.der().to_vec())
    }

    pub fn signature(key: &Key) -> Self {
        let key = key.pair.serialize_der();
        let is_of_now = true;
        Self::Signature { key, is_of_now }
    }

    pub fn data(text: &str) -> Self {
        Self::Encrypted([text.as_bytes(), &[23]].concat())
    }
}

/// The parts of a good handshake, and a response.
pub fn good(key: &Key) -> Vec<Part> {
    vec![
        Part::extensions(),
        Part::certificate(key),
        Part::signature(key),
        Part::Finished,
        Part::Wait,
        Part::data("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: a\n\n"),
    ]
}

pub struct ByHand {
    parts: std::vec::IntoIter<Part>,
    messages: Sha256,
    keys: Option<Keys>,
    has_ended: bool,
    /// Changes the ServerHello.
    pub change_hello: fn(&mut Vec<u8>),
    /// The scheme that the message with the signature names.
    pub scheme: [u8; 2],
}

struct Keys {
    master: Hkdf<Sha256>,
    secret: Vec<u8>,
    count: u64,
}

impl ByHand {
    pub fn new(parts: Vec<Part>) -> Self {
        Self {
            parts: parts.into_iter(),
            messages: Sha256::new(),
            keys: None,
            has_ended: false,
            change_hello: |_| {},
            scheme: [4, 3],
        }
    }

    fn hash(&self) -> [u8; 32] {
        self.messages.clone().finalize().into()
    }

    /// Answers a ClientHello, given without the record's header.
    fn hello(&mut self, client: &[u8]) -> Vec<u8> {
        // An uncompressed point on P-256 with the lengths that precede it.
        let start = [0, 0x17, 0, 65, 4];
        let at = client.windows(5).position(|part| part == start).unwrap();
        let theirs = p256::PublicKey::from_sec1_bytes(&client[at + 4..at + 69]).unwrap();
        // The same for all connections, so that a failure can be repeated.
        let secret = p256::SecretKey::from_slice(&[7; 32]).unwrap();
        let ours = secret.public_key().to_encoded_point(false);
        let key = [&[0, 51, 0, 69][..], &start[..4], ours.as_bytes()].concat();
        let extensions = [&[0, 43, 0, 2, 3, 4][..], &key].concat();
        let body = [
            &[3, 3][..],
            &[7; 32],
            &[0, 0x13, 1, 0],
            &(extensions.len() as u16).to_be_bytes(),
            &extensions,
        ];
        let mut hello = message(2, &body.concat());
        (self.change_hello)(&mut hello);
        self.messages.update(client);
        self.messages.update(&hello);

        let zeros = [0; 32];
        let (_, early) = Hkdf::<Sha256>::extract(Some(&zeros), &zeros);
        let derived = derive(&early, b"derived", &Sha256::digest([]), 32);
        let shared = diffie_hellman(secret.to_nonzero_scalar(), theirs.as_affine());
        let (_, handshake) = Hkdf::<Sha256>::extract(Some(&derived), shared.raw_secret_bytes());
        let derived = derive(&handshake, b"derived", &Sha256::digest([]), 32);
        let (_, master) = Hkdf::<Sha256>::extract(Some(&derived), &zeros);
        let secret = derive(&handshake, b"s hs traffic", &self.hash(), 32);
        let count = 0;
        self.keys = Some(Keys {
            master,
            secret,
            count,
        });
        record(22, &hello)
    }

    fn encrypt(&mut self, content: &[u8]) -> Vec<u8> {
        let keys = self.keys.as_mut().unwrap();
        let secret = Hkdf::<Sha256>::from_prk(&keys.secret).unwrap();
        let cipher = Aes128Gcm::new_from_slice(&derive(&secret, b"key", &[], 16)).unwrap();
        let mut nonce = derive(&secret, b"iv", &[], 12);
        for (byte, count) in nonce[4..].iter_mut().zip(keys.count.to_be_bytes()) {
            *byte ^= count;
        }
        keys.count += 1;
        let mut bytes = content.to_vec();
        let [high, low] = ((bytes.len() + 16) as u16).to_be_bytes();
        let header = [23, 3, 3, high, low];
        cipher
            .encrypt_in_place(Nonce::from_slice(&nonce), &header, &mut bytes)
            .unwrap();
        [&header[..], &bytes].concat()
    }

    fn handshake(&mut self, kind: u8, body: &[u8]) -> Vec<u8> {
        let message = message(kind, body);
        self.messages.update(&message);
        self.encrypt(&[&message[..], &[22]].concat())
    }

    fn part(&mut self, part: Part) -> Vec<u8> {
        match part {
            Part::Certificate(der) => {
                let entry = [&u24(der.len())[..], &der, &[0, 0]].concat();
                self.handshake(11, &[&[0][..], &u24(entry.len()), &entry].concat())
            }
            Part::Signature { key, is_of_now } => {
                let key = SigningKey::from_pkcs8_der(&key).unwrap();
                let hash = if is_of_now { self.hash() } else { [9; 32] };
                let context = b"TLS 1.3, server CertificateVerify\0";
                let signed = [&[0x20; 64][..], context, &hash].concat();
                let signature: Signature = key.sign(&signed);
                let signature = signature.to_der();
                let len = (signature.as_bytes().len() as u16).to_be_bytes();
                self.handshake(15, &[&self.scheme[..], &len, signature.as_bytes()].concat())
            }
            Part::Finished => {
                let secret = Hkdf::<Sha256>::from_prk(&self.keys.as_ref().unwrap().secret).unwrap();
                let key = derive(&secret, b"finished", &[], 32);
                let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(&key).unwrap();
                mac.update(&self.hash());
                let sent = self.handshake(20, &mac.finalize().into_bytes());
                let hash = self.hash();
                let keys = self.keys.as_mut().unwrap();
                keys.secret = derive(&keys.master, b"s ap traffic", &hash, 32);
                keys.count = 0;
                sent
            }
            Part::Message(kind, body) => self.handshake(kind, &body),
            Part::Encrypted(content) => self.encrypt(&content),
            Part::Clear(kind, content) => record(kind, &content),
            Part::Raw(bytes) => bytes,
            Part::Wait => Vec::new(),
        }
    }
}

impl Server for ByHand {
    fn receive(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut sent = Vec::new();
        if self.keys.is_none() && !bytes.is_empty() {
            sent = self.hello(&bytes[5..]);
        } else if bytes.is_empty() {
            return sent;
        }
        loop {
            match self.parts.next() {
                Some(Part::Wait) => break,
                Some(part) => sent.extend(self.part(part)),
                None => {
                    self.has_ended = true;
                    break;
                }
            }
        }
        sent
    }

    fn has_ended(&self) -> bool {
        self.has_ended
    }
}

pub fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    [&[kind][..], &u24(body.len()), body].concat()
}

pub fn record(kind: u8, content: &[u8]) -> Vec<u8> {
    let len = (content.len() as u16).to_be_bytes();
    [&[kind, 3, 3][..], &len, content].concat()
}

pub fn u24(len: usize) -> [u8; 3] {
    let [_, high, middle, low] = (len as u32).to_be_bytes();
    [high, middle, low]
}

fn derive(secret: &Hkdf<Sha256>, label: &[u8], context: &[u8], len: usize) -> Vec<u8> {
    let label = [b"tls13 ", label].concat();
    let info = [
        &(len as u16).to_be_bytes()[..],
        &[label.len() as u8],
        &label,
        &[context.len() as u8],
        context,
    ];
    let mut derived = vec![0; len];
    secret.expand(&info.concat(), &mut derived).unwrap();
    derived
}
