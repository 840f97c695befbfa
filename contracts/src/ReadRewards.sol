// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AccessControl} from "@openzeppelin/contracts/access/AccessControl.sol";
import {IERC20, SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SignedBy} from "./SignedBy.sol";

/// @title Rewards for having read
/// @notice The reading service signs vouchers that say how much a reader has earned in all; the reader takes the difference. A voucher signed twice, or used twice, pays once.
/// What the caps of an epoch leave open is paid in a later one. A stolen signer can take at most one epoch's cap before the guardian pauses; a new signer starts after a delay that everybody can see.
contract ReadRewards is EIP712, AccessControl {
    using SafeERC20 for IERC20;
    using SignedBy for bytes32;

    /// @notice What the service signs: `total` is all that `reader` ever earned; it goes to `to`.
    struct Voucher {
        address reader;
        address to;
        uint256 total;
        uint256 deadline;
    }

    struct Reader {
        uint96 paid;
        uint96 inEpoch;
        uint64 epoch;
    }

    struct Ledger {
        uint96 inEpoch;
        uint64 epoch;
        bool paused;
    }

    bytes32 private constant VOUCHER = keccak256("Voucher(address reader,address to,uint256 total,uint256 deadline)");
    /// @notice May pause.
    bytes32 public constant GUARDIAN = keccak256("GUARDIAN");

    IERC20 public immutable token;
    /// @notice When epoch 0 began, and how long each is.
    uint64 public immutable start;
    uint64 public immutable epochLength;
    /// @notice How long a new signer waits.
    uint64 public immutable signerDelay;
    /// @notice Most that is paid in an epoch, in all and to one reader.
    uint96 public immutable epochCap;
    uint96 public immutable readerCap;

    /// @notice Who signs vouchers.
    address public signer;
    /// @notice Who will, and from when on.
    address public nextSigner;
    uint64 public nextSignerFrom;

    Ledger private _ledger;
    mapping(address reader => Reader) private _readers;

    /// @notice A reader was paid.
    event Paid(address indexed reader, address to, uint256 amount);
    /// @notice Another signer will take over.
    event SignerProposed(address indexed signer, uint64 from);
    /// @notice Another signer took over; vouchers of the one before are worth nothing from now on.
    event SignerChanged(address indexed signer);
    /// @notice Paying stopped or goes on.
    event Paused(bool paused);

    error Expired(uint256 deadline);
    error NotSigned();
    error NothingNew(uint256 total, uint256 paid);
    error NothingLeft(uint64 epoch);
    error PausedNow();
    error TooEarly(uint64 from);
    error NoSigner();
    error WrongSettings();

    constructor(address admin, address guardian, IERC20 token_, address signer_, uint64 epochLength_, uint96 epochCap_, uint96 readerCap_, uint64 signerDelay_)
        EIP712("Ptah ReadRewards", "1")
    {
        if (epochLength_ == 0 || signer_ == address(0) || readerCap_ > epochCap_) revert WrongSettings();
        token = token_;
        start = uint64(block.timestamp);
        epochLength = epochLength_;
        epochCap = epochCap_;
        readerCap = readerCap_;
        signerDelay = signerDelay_;
        signer = signer_;
        _grantRole(DEFAULT_ADMIN_ROLE, admin);
        _grantRole(GUARDIAN, guardian);
        emit SignerChanged(signer_);
    }

    /// @notice Pays what a voucher says beyond what was paid. Anybody may bring it; it goes to where the voucher says.
    function claim(Voucher calldata voucher, bytes calldata signature) external returns (uint256 amount) {
        if (block.timestamp > voucher.deadline) revert Expired(voucher.deadline);
        if (!voucherDigest(voucher).isSignedBy(signature, signer)) revert NotSigned();
        Ledger memory ledger = _ledger;
        if (ledger.paused) revert PausedNow();
        Reader memory reader = _readers[voucher.reader];
        if (voucher.total <= reader.paid) revert NothingNew(voucher.total, reader.paid);
        amount = voucher.total - reader.paid;
        uint64 epoch = currentEpoch();
        if (reader.epoch != epoch) (reader.epoch, reader.inEpoch) = (epoch, 0);
        if (ledger.epoch != epoch) (ledger.epoch, ledger.inEpoch) = (epoch, 0);
        // What the caps leave of it; the rest waits for the next epoch. Both caps are 96 bits wide, so the amount is too.
        if (amount > readerCap - reader.inEpoch) amount = readerCap - reader.inEpoch;
        if (amount > epochCap - ledger.inEpoch) amount = epochCap - ledger.inEpoch;
        if (amount == 0) revert NothingLeft(epoch);
        reader.inEpoch += uint96(amount);
        ledger.inEpoch += uint96(amount);
        reader.paid += uint96(amount);
        _readers[voucher.reader] = reader;
        _ledger = ledger;
        emit Paid(voucher.reader, voucher.to, amount);
        token.safeTransfer(voucher.to, amount);
    }

    /// @notice What the service signs (EIP-712).
    function voucherDigest(Voucher calldata v) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(VOUCHER, v.reader, v.to, v.total, v.deadline)));
    }

    /// @notice Proposes another signer; it may take over after the delay.
    function proposeSigner(address signer_) external onlyRole(DEFAULT_ADMIN_ROLE) {
        if (signer_ == address(0)) revert NoSigner();
        nextSigner = signer_;
        nextSignerFrom = uint64(block.timestamp) + signerDelay;
        emit SignerProposed(signer_, nextSignerFrom);
    }

    /// @notice Lets the proposed signer take over; anybody may, once the delay is over.
    function acceptSigner() external {
        address next = nextSigner;
        if (next == address(0)) revert NoSigner();
        if (block.timestamp < nextSignerFrom) revert TooEarly(nextSignerFrom);
        signer = next;
        nextSigner = address(0);
        emit SignerChanged(next);
    }

    /// @notice Stops paying; the guardian or the admin.
    function pause() external {
        if (!hasRole(DEFAULT_ADMIN_ROLE, msg.sender)) _checkRole(GUARDIAN);
        _ledger.paused = true;
        emit Paused(true);
    }

    /// @notice Goes on paying; the admin only.
    function unpause() external onlyRole(DEFAULT_ADMIN_ROLE) {
        _ledger.paused = false;
        emit Paused(false);
    }

    /// @notice Takes back what was not paid; the admin only, and only while paused.
    function withdraw(address to, uint256 amount) external onlyRole(DEFAULT_ADMIN_ROLE) {
        if (!_ledger.paused) revert PausedNow();
        token.safeTransfer(to, amount);
    }

    /// @notice The epoch of now.
    function currentEpoch() public view returns (uint64) {
        return (uint64(block.timestamp) - start) / epochLength;
    }

    /// @notice What a reader was paid in all.
    function paid(address reader) external view returns (uint256) {
        return _readers[reader].paid;
    }

    /// @notice What was paid in the epoch of now, in all.
    function spent() external view returns (uint256) {
        // slither-disable-next-line incorrect-equality
        return _ledger.epoch == currentEpoch() ? _ledger.inEpoch : 0;
    }

    /// @notice Whether paying is stopped.
    function paused() external view returns (bool) {
        return _ledger.paused;
    }
}
